import { Config } from '../config/config.js';
import {
  expectToGiveUp,
  failureOf,
  FAULTS,
  SHORT_TIMEOUT_SECONDS,
  shown,
} from '../../test/support/adapters.js';
import { VERIFY_SID } from '../../test/support/more-vendors.js';
import { VendorStub, type Fault } from '../../test/support/vendor-stub.js';
import { TWILIO_TOKEN } from '../../test/support/vendors.js';
import type { DeliveryFailure } from '../common/delivery.js';
import type { PhoneMessage } from './phone-sender.js';
import { twilioClient } from './twilio.client.js';
import { TwilioVerifySender } from './twilio.verify-sender.js';
import { TwilioVoiceCaller } from './twilio.voice-caller.js';
import { TwilioWhatsappSender } from './twilio.whatsapp-sender.js';

const SENDERS = {
  whatsapp: TwilioWhatsappSender,
  voice: TwilioVoiceCaller,
  verify: TwilioVerifySender,
};
type Name = keyof typeof SENDERS;
const NAMES = Object.keys(SENDERS) as Name[];

describe('Twilio WhatsApp, voice and Verify', () => {
  let stub: VendorStub;
  beforeAll(async () => {
    stub = await VendorStub.start();
  });
  afterAll(() => stub.stop());
  afterEach(() => stub.heal());

  const sender = (name: Name, settings: Record<string, string> = {}, timeoutSeconds?: number) => {
    const config = Config.from({ ...stub.settings, ...settings });
    return new SENDERS[name](config, twilioClient(config, timeoutSeconds));
  };
  const send = (
    name: Name,
    to: string,
    overrides: Partial<PhoneMessage> = {},
    settings?: Record<string, string>,
    timeoutSeconds?: number,
  ) =>
    sender(name, settings, timeoutSeconds).send({
      messageId: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001',
      channel: name === 'voice' ? 'voice' : name === 'whatsapp' ? 'whatsapp' : 'sms',
      to,
      text: '481516 is your code.\nValid for 5 minutes. Do not share it.\n\n@localhost #481516',
      code: '481516',
      locale: 'en',
      validSeconds: 299,
      ...overrides,
    });

  it('puts the code into the WhatsApp template', async () => {
    const reference = await send('whatsapp', '+14155550101', {}, { PUBLIC_URL: 'https://auth.acme.test' });

    const { id, payload } = await stub.message('+14155550101');
    expect(reference).toBe(id);
    expect(payload).toEqual({
      To: 'whatsapp:+14155550101',
      From: 'whatsapp:+14155550199',
      ContentSid: `HX${'5'.repeat(32)}`,
      ContentVariables: '{"1":"481516"}',
      ValidityPeriod: '299',
      StatusCallback: 'https://auth.acme.test/webhooks/twilio?message=0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001',
    });
  });

  it('reads the code twice, digit by digit, without the line for machines', async () => {
    const reference = await send('voice', '+14155550102');

    const { id, payload } = await stub.message('+14155550102');
    expect(reference).toBe(id);
    expect(payload).toMatchObject({ To: '+14155550102', From: '+14155550198' });
    const speech = '4, 8, 1, 5, 1, 6 is your code. Valid for 5 minutes. Do not share it.';
    expect(payload.Twiml).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><Response><Pause length="1"/>' +
        `<Say language="en-US">${speech}</Say><Pause length="1"/><Say language="en-US">${speech}</Say></Response>`,
    );
  });

  it('speaks the language of the message and escapes markup in its text', async () => {
    await send('voice', '+14155550103', {
      locale: 'ar',
      text: '481516 für </Say><Dial>+1900</Dial> & "Co"\nFA+9qCX9VSu',
    });
    const twiml = String((await stub.message('+14155550103')).payload.Twiml);
    expect(twiml).toContain('<Say language="ar-XA">4, 8, 1, 5, 1, 6 für &lt;/Say&gt;&lt;Dial&gt;+1900');
    expect(twiml).not.toMatch(/<Dial>|FA\+9qCX9VSu/);
  });

  it.each([
    ['sms', 'sms'],
    ['whatsapp', 'whatsapp'],
    ['voice', 'call'],
  ] as const)('sends our own code through Twilio Verify by %s', async (channel, Channel) => {
    const to = `+1415555011${Channel.length}`;
    const reference = await send('verify', to, { channel, locale: 'de' });

    const { id, payload } = await stub.message(to);
    expect(reference).toBe(id);
    expect(reference).toMatch(/^VE/);
    expect(payload).toEqual({ To: to, Channel, CustomCode: '481516', Locale: 'de' });
  });

  it('reports to Twilio Verify how a code ended', async () => {
    const reference = await send('verify', '+14155550104');
    const feedback = sender('verify') as TwilioVerifySender;
    await feedback.close(reference, 'approved');
    expect((await stub.message(reference)).payload).toEqual({ Status: 'approved' });
  });

  it.each(NAMES)('%s sends only messages whose content it can show', (name) => {
    const phoneSender = sender(name);
    expect(phoneSender.canSend({ code: '481516' })).toBe(true);
    expect(phoneSender.canSend({})).toBe(name === 'voice');
    expect(phoneSender.canSend({ code: '481516', context: { amount: '39.99 EUR' } })).toBe(name === 'voice');
  });

  const refusals: [Name, Fault, DeliveryFailure, boolean][] = [
    ['whatsapp', 63016, 'misconfigured', false],
    ['whatsapp', 63007, 'misconfigured', false],
    ['whatsapp', 21655, 'misconfigured', false],
    ['whatsapp', 63024, 'rejected', true],
    ['voice', 21217, 'rejected', false],
    ['voice', 21215, 'rejected', true],
    ['voice', 21210, 'misconfigured', false],
    ['verify', 60200, 'rejected', true],
    ['verify', 60202, 'rejected', true],
    ['verify', 60203, 'rejected', true],
    ['verify', 60205, 'rejected', false],
    ['verify', 60212, 'throttled', false],
    ['verify', 60223, 'misconfigured', false],
    ['verify', 60410, 'rejected', true],
    ['verify', 60605, 'rejected', true],
  ];
  it.each(refusals)('%s translates %s to "%s"', async (name, fault, failure, retryElsewhere) => {
    stub.behave({ fault }, { times: 1 });
    expect(await failureOf(send(name, '+14155550105'))).toMatchObject({
      failure,
      vendorCode: fault,
      retryElsewhere,
    });
  });

  const sharedFaults = NAMES.flatMap((name) => FAULTS.map(([fault, kind]) => [name, fault, kind] as const));
  it.each(sharedFaults)('%s translates "%s" to "%s"', async (name, fault, kind) => {
    stub.behave({ fault }, { times: 1 });
    const error = await failureOf(send(name, '+14155550106'));
    expect(error).toMatchObject({ name: 'DeliveryError', failure: kind });
    expect(shown(error)).not.toMatch(/481516|\+1415|Basic /);
    expect(shown(error)).not.toContain(TWILIO_TOKEN);
  });

  it('verify reports an unknown service as a misconfiguration', async () => {
    const TWILIO_VERIFY_SERVICE_SID = VERIFY_SID.replaceAll('6', '7');
    const error = await failureOf(send('verify', '+14155550107', {}, { TWILIO_VERIFY_SERVICE_SID }));
    expect(error).toMatchObject({ failure: 'misconfigured' });
  });

  it('times out at every step where Twilio can hang', async () => {
    await Promise.all(
      NAMES.map((name, index) =>
        expectToGiveUp(stub, [`+1415555020${index}`, `+1415555021${index}`, `+1415555022${index}`], (to) =>
          failureOf(send(name, to, {}, {}, SHORT_TIMEOUT_SECONDS)),
        ),
      ),
    );
  });
});
