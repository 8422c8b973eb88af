import { DeliveryError, type DeliveryFailure } from '../common/delivery.js';
import { Config } from '../config/config.js';
import {
  expectToGiveUp,
  failureOf,
  FAULTS,
  SHORT_TIMEOUT_SECONDS,
  shown,
} from '../../test/support/adapters.js';
import { VendorStub } from '../../test/support/vendor-stub.js';
import { TWILIO_TOKEN } from '../../test/support/vendors.js';
import { twilioClient } from './twilio.client.js';
import { TwilioSmsSender } from './twilio.sms-sender.js';

describe('TwilioSmsSender', () => {
  let stub: VendorStub;
  beforeAll(async () => {
    stub = await VendorStub.start();
  });
  afterAll(() => stub.stop());

  const send = (
    to: string,
    settings: Record<string, string> = {},
    validSeconds = 299,
    sender?: string,
    timeoutSeconds?: number,
  ) => {
    const config = Config.from({ ...stub.settings, ...settings });
    return new TwilioSmsSender(config, twilioClient(config, timeoutSeconds)).send({
      messageId: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001',
      channel: 'sms',
      locale: 'en',
      to,
      text: '481516 is your code. é+&=\n\n@localhost #481516',
      validSeconds,
      sender,
    });
  };
  const failure = (to: string, settings?: Record<string, string>) => failureOf(send(to, settings));

  it('sends from TWILIO_FROM and limits the message to the life of the code', async () => {
    const reference = await send('+14155550101');

    const { id, payload } = await stub.message('+14155550101');
    expect(reference).toBe(id);
    expect(payload).toEqual({
      To: '+14155550101',
      From: '+15005550006',
      Body: '481516 is your code. é+&=\n\n@localhost #481516',
      ValidityPeriod: '299',
    });
  });

  it('caps ValidityPeriod at the longest that Twilio accepts', async () => {
    await send('+14155550110', {}, 86_400);
    expect((await stub.message('+14155550110')).payload).toMatchObject({ ValidityPeriod: '36000' });
  });

  it('sends through a messaging service if one is configured', async () => {
    const MessagingServiceSid = `MG${'1'.repeat(32)}`;
    await send('+14155550102', { TWILIO_MESSAGING_SERVICE_SID: MessagingServiceSid });

    const { payload } = await stub.message('+14155550102');
    expect(payload).toMatchObject({ To: '+14155550102', MessagingServiceSid });
    expect(payload).not.toHaveProperty('From');
  });

  it("prefers a country's own sender, which can be a name or a messaging service", async () => {
    const service = { TWILIO_MESSAGING_SERVICE_SID: `MG${'1'.repeat(32)}` };
    await send('+14155550111', service, 299, 'ACMEIN');
    await send('+14155550112', {}, 299, `MG${'2'.repeat(32)}`);

    expect((await stub.message('+14155550111')).payload).toMatchObject({ From: 'ACMEIN' });
    expect((await stub.message('+14155550111')).payload).not.toHaveProperty('MessagingServiceSid');
    expect((await stub.message('+14155550112')).payload).toMatchObject({
      MessagingServiceSid: `MG${'2'.repeat(32)}`,
    });
  });

  it('requests a receipt only if Twilio can reach the public URL', async () => {
    await send('+14155550113', { PUBLIC_URL: 'https://auth.acme.test/' });
    await send('+14155550114', { PUBLIC_URL: 'http://localhost:3000' });

    expect((await stub.message('+14155550113')).payload).toMatchObject({
      StatusCallback: 'https://auth.acme.test/webhooks/twilio?message=0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001',
    });
    expect((await stub.message('+14155550114')).payload).not.toHaveProperty('StatusCallback');
  });

  it('accepts an API URL with a trailing slash', async () => {
    const api = `${stub.settings.TWILIO_API_URL}/`;
    await expect(send('+14155550103', { TWILIO_API_URL: api })).resolves.toMatch(/^SM/);
  });

  const magicNumbers: [string, number][] = [
    ['+15005550001', 21211],
    ['+15005550002', 21612],
    ['+15005550003', 21408],
    ['+15005550004', 21610],
    ['+15005550009', 21614],
  ];
  it.each(magicNumbers)('translates the refusal of %s (%i) to "rejected"', async (to, code) => {
    expect(await failure(to)).toMatchObject({ failure: 'rejected', vendorCode: code });
  });

  it.each([
    [21211, false],
    [21610, false],
    [21614, false],
    [21408, true],
    [21612, true],
    [30007, true],
    [60203, true],
  ])(
    'tells for error %i whether another provider may deliver the message: %p',
    async (fault, retryElsewhere) => {
      stub.behave({ fault }, { to: '+14155550115', times: 1 });
      expect(await failure('+14155550115')).toMatchObject({
        failure: 'rejected',
        retryElsewhere,
        permanent: !retryElsewhere,
      });
    },
  );

  const refusals: [string, number, DeliveryFailure][] = [
    ['bad credentials', 20003, 'misconfigured'],
    ['an unknown account', 20404, 'misconfigured'],
    ['a bad sender', 21212, 'misconfigured'],
    ['a sender of another account', 21606, 'misconfigured'],
    ['a trial account', 21608, 'misconfigured'],
    ['an empty messaging service', 21703, 'misconfigured'],
    ['a message that is too long', 21617, 'rejected'],
    ['too many requests', 20429, 'throttled'],
    ['a full queue', 21611, 'throttled'],
    ['a suspended account', 20005, 'misconfigured'],
    ['a closed account', 90010, 'misconfigured'],
    ['a suspended account, at delivery', 30002, 'misconfigured'],
    ['an inactive account', 10001, 'misconfigured'],
    ['an inactive account of the request', 21472, 'misconfigured'],
    ['an outage', 20500, 'unavailable'],
  ];
  it.each(refusals)('translates %s (%i) to "%s"', async (_, fault, kind) => {
    stub.behave({ fault }, { to: '+14155550104', times: 1 });
    const calls = stub.callsTo('+14155550104').length;
    expect(await failure('+14155550104')).toMatchObject({ failure: kind, vendorCode: fault });
    // The SDK must not retry: that would hide the back-off and outlive the lease.
    expect(stub.callsTo('+14155550104')).toHaveLength(calls + 1);
  });

  it.each([
    ...[20001, 21265, 21266, 21601, 21635, 21659, 21660, 21661, 21701, 21704, 21705, 21712, 21910],
    ...[30024, 30032, 30034, 63038, 99999],
  ])('takes the refusal %i for one of this message, which an operator should look at', async (fault) => {
    stub.behave({ fault }, { to: '+14155550116', times: 1 });
    const calls = stub.callsTo('+14155550116').length;
    expect(await failure('+14155550116')).toMatchObject({
      failure: 'rejected',
      vendorCode: fault,
      retryElsewhere: true,
      unexpected: true,
    });
    expect(stub.callsTo('+14155550116')).toHaveLength(calls + 1);
  });

  it.each<[number, DeliveryFailure]>([
    [400, 'rejected'],
    [402, 'rejected'],
    [406, 'rejected'],
    [409, 'rejected'],
    [422, 'rejected'],
    [401, 'misconfigured'],
    [403, 'misconfigured'],
    [408, 'unavailable'],
    [429, 'throttled'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('translates the status %i without a known number to "%s"', async (status, kind) => {
    for (const fault of [`html ${status}`, `unknown ${status}`] as const) {
      stub.behave({ fault }, { to: '+14155550117', times: 1 });
      expect([fault, await failure('+14155550117')]).toMatchObject([fault, { failure: kind }]);
    }
  });

  it.each(FAULTS)('translates "%s" to "%s"', async (fault, kind) => {
    stub.behave({ fault }, { to: '+14155550105', times: 1 });
    expect(await failure('+14155550105')).toMatchObject({ name: 'DeliveryError', failure: kind });
  });

  it('translates a wrong token, a wrong path, an unreachable host and an unknown host name', async () => {
    expect(await failure('+14155550106', { TWILIO_AUTH_TOKEN: 'another' })).toMatchObject({
      failure: 'misconfigured',
    });
    const wrongPath = `${stub.settings.TWILIO_API_URL}/nowhere`;
    expect(await failure('+14155550106', { TWILIO_API_URL: wrongPath })).toMatchObject({
      failure: 'misconfigured',
    });
    for (const TWILIO_API_URL of ['http://127.0.0.1:1', 'http://vendor.invalid'])
      expect(await failure('+14155550106', { TWILIO_API_URL })).toMatchObject({
        failure: 'unavailable',
      });
  });

  it('times out at every step where Twilio can hang', async () => {
    await expectToGiveUp(stub, ['+14155550120', '+14155550121', '+14155550122'], (to) =>
      failureOf(send(to, {}, 299, undefined, SHORT_TIMEOUT_SECONDS)),
    );
  });

  it('waits eight seconds by default', () => {
    const { httpClient } = twilioClient(Config.from(stub.settings));
    expect(httpClient).toMatchObject({ defaultTimeout: 8_000 });
  });

  it('throws errors without text of Twilio, the message or the token', async () => {
    stub.behave({ fault: 'reset mid-body' }, { to: '+14155550107' });
    stub.behave({ fault: 'garbage' }, { to: '+14155550108' });
    const errors = [
      await failure('+15005550001'),
      await failure('+14155550107'),
      await failure('+14155550108'),
      await failure('+14155550109', { TWILIO_API_URL: 'http://127.0.0.1:1' }),
    ];
    for (const error of errors) {
      expect(error).toBeInstanceOf(DeliveryError);
      expect(shown(error)).not.toMatch(/481516|\+1415|\+1500|%2B1|Invalid 'To'|127\.0\.0\.1:1\b|Basic /);
      expect(shown(error)).not.toContain(TWILIO_TOKEN);
    }
  });
});
