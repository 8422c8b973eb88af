import { Config } from '../config/config.js';
import type { PhoneProvider } from '../config/providers.js';
import type { PhoneChannel } from '../common/delivery.js';
import { InboxStore } from '../inbox/inbox-store.js';
import { VendorStub } from '../../test/support/vendor-stub.js';
import { InboxPhoneSender } from './inbox.phone-sender.js';
import type { PhoneSender } from './phone-sender.js';
import { createSender } from './sms.module.js';
import { TwilioSmsSender } from './twilio.sms-sender.js';
import { TwilioVerifySender } from './twilio.verify-sender.js';
import { TwilioVoiceCaller } from './twilio.voice-caller.js';
import { TwilioWhatsappSender } from './twilio.whatsapp-sender.js';
import { WebhookPhoneSender } from './webhook.phone-sender.js';

type SenderClass = new (...args: never[]) => PhoneSender;

/** The compiler requires every provider and every channel. */
const CLASSES: Record<PhoneProvider, Record<PhoneChannel, SenderClass>> = {
  inbox: { sms: InboxPhoneSender, whatsapp: InboxPhoneSender, voice: InboxPhoneSender },
  twilio: { sms: TwilioSmsSender, whatsapp: TwilioWhatsappSender, voice: TwilioVoiceCaller },
  'twilio-verify': { sms: TwilioVerifySender, whatsapp: TwilioVerifySender, voice: TwilioVerifySender },
  webhook: { sms: WebhookPhoneSender, whatsapp: WebhookPhoneSender, voice: WebhookPhoneSender },
};
const EVERY = Object.entries(CLASSES).flatMap(([provider, channels]) =>
  Object.entries(channels).map(
    ([channel, senderClass]) => [provider as PhoneProvider, channel as PhoneChannel, senderClass] as const,
  ),
);

describe('createSender', () => {
  let stub: VendorStub;
  beforeAll(async () => {
    stub = await VendorStub.start();
  });
  afterAll(() => stub.stop());

  it.each(EVERY)('creates the sender of %s for %s', (provider, channel, senderClass) => {
    const sender = createSender(Config.from(stub.settings), new InboxStore())(provider, channel);
    expect(sender.constructor).toBe(senderClass);
    expect(sender.provider).toBe(provider);
  });
});
