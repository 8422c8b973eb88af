import { Module } from '@nestjs/common';
import type { PhoneChannel } from '../common/delivery.js';
import { Config } from '../config/config.js';
import type { PhoneProvider } from '../config/providers.js';
import { InboxStore } from '../inbox/inbox-store.js';
import { InboxPhoneSender } from './inbox.phone-sender.js';
import type { PhoneSender } from './phone-sender.js';
import { PhoneSenders } from './phone-senders.js';
import { twilioClient } from './twilio.client.js';
import { TwilioSmsSender } from './twilio.sms-sender.js';
import { TwilioVerifyFeedback } from './twilio.verify-feedback.js';
import { TwilioVerifySender } from './twilio.verify-sender.js';
import { TwilioVoiceCaller } from './twilio.voice-caller.js';
import { TwilioWhatsappSender } from './twilio.whatsapp-sender.js';
import { WebhookPhoneSender } from './webhook.phone-sender.js';

const TWILIO = { sms: TwilioSmsSender, whatsapp: TwilioWhatsappSender, voice: TwilioVoiceCaller };

/**
 * Returns a function that creates the sender of a provider for a channel. The compiler requires all
 * providers. Each sender has its own Twilio client, so channels do not wait for each other's
 * sockets.
 */
export function createSender(config: Config, inbox: InboxStore) {
  const create = {
    inbox: () => new InboxPhoneSender(config, inbox),
    twilio: (channel) => new TWILIO[channel](config, twilioClient(config)),
    'twilio-verify': () => new TwilioVerifySender(config, twilioClient(config)),
    webhook: () => new WebhookPhoneSender(config),
  } satisfies Record<PhoneProvider, (channel: PhoneChannel) => PhoneSender>;
  return (provider: PhoneProvider, channel: PhoneChannel): PhoneSender => create[provider](channel);
}

@Module({
  providers: [
    {
      provide: PhoneSenders,
      inject: [Config, InboxStore],
      useFactory: (config: Config, inbox: InboxStore) =>
        new PhoneSenders(config, createSender(config, inbox)),
    },
    {
      provide: TwilioVerifyFeedback,
      inject: [Config],
      useFactory: (config: Config) =>
        new TwilioVerifyFeedback(
          config.usesProvider('twilio-verify') ? new TwilioVerifySender(config, twilioClient(config)) : null,
        ),
    },
  ],
  exports: [PhoneSenders, TwilioVerifyFeedback],
})
export class SmsModule {}
