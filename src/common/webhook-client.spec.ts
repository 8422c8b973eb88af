import {
  expectShortTimeouts,
  failureOf,
  FAULTS,
  SHORT_TIMEOUT_SECONDS,
  shown,
} from '../../test/support/adapters.js';
import { WEBHOOK_SECRET } from '../../test/support/more-vendors.js';
import { VendorStub, type Fault } from '../../test/support/vendor-stub.js';
import { DeliveryError, type DeliveryFailure } from './delivery.js';
import { WebhookClient } from './webhook-client.js';

const ID = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';

describe('WebhookClient', () => {
  let stub: VendorStub;
  beforeAll(async () => {
    stub = await VendorStub.start();
  });
  afterAll(() => stub.stop());
  afterEach(() => stub.heal());

  const post = (
    to: string,
    secret = WEBHOOK_SECRET,
    url = stub.settings.WEBHOOK_URL ?? '',
    timeoutSeconds?: number,
  ) =>
    new WebhookClient(url, secret, timeoutSeconds)
      .post(ID, { id: ID, channel: 'sms', to, text: '481516 is your code. é' })
      .then(() => 'accepted');
  const failure = (to: string) => failureOf(post(to));

  it('signs the message and accepts any 2xx status', async () => {
    await expect(post('+14155550101')).resolves.toBe('accepted');
    expect((await stub.message('+14155550101')).payload).toEqual({
      id: ID,
      channel: 'sms',
      to: '+14155550101',
      text: '481516 is your code. é',
    });
  });

  it('reports a misconfiguration when the receiver has another secret', async () => {
    const other = Buffer.from('another secret, of enough bytes').toString('base64');
    expect(await failureOf(post('+14155550102', other))).toMatchObject({
      failure: 'misconfigured',
    });
  });

  const statuses: [Fault, DeliveryFailure, boolean][] = [
    [400, 'rejected', true],
    [401, 'misconfigured', false],
    [403, 'misconfigured', false],
    [404, 'misconfigured', false],
    [410, 'rejected', false],
    [422, 'rejected', false],
    [429, 'throttled', false],
    [500, 'unavailable', false],
    [503, 'unavailable', false],
  ];
  it.each(statuses)('translates status %s to "%s"', async (fault, kind, retryElsewhere) => {
    stub.behave({ fault }, { times: 1 });
    expect(await failure('+14155550103')).toMatchObject({ failure: kind, retryElsewhere, vendorCode: fault });
  });

  it.each([
    [400, true],
    [402, true],
    [406, true],
    [409, true],
    [413, true],
    [451, true],
    [410, false],
    [422, false],
  ])('reports status %i as a refusal of this message (unexpected: %p)', async (status, unexpected) => {
    stub.behave({ fault: `html ${status}` }, { times: 1 });
    expect(await failure('+14155550108')).toMatchObject({
      failure: 'rejected',
      vendorCode: status,
      retryElsewhere: unexpected,
      unexpected,
    });
  });

  it('does not follow redirects', async () => {
    stub.behave({ fault: 302 }, { times: 1 });
    expect(await failure('+14155550104')).toMatchObject({
      failure: 'misconfigured',
      vendorCode: 302,
    });
    expect(stub.messagesTo('+14155550104')).toEqual([]);
  });

  // Only the status counts, so a broken body changes nothing.
  it.each(FAULTS.filter(([fault]) => fault !== 'garbage' && fault !== 'reset mid-body'))(
    'translates "%s" to "%s"',
    async (fault, kind) => {
      stub.behave({ fault }, { times: 1 });
      expect(await failure('+14155550105')).toMatchObject({ name: 'DeliveryError', failure: kind });
    },
  );

  it('reports an unreachable host as unavailable and reveals nothing else', async () => {
    for (const url of ['http://127.0.0.1:1/send', 'http://vendor.invalid/send']) {
      const error = await failureOf(post('+14155550106', WEBHOOK_SECRET, url));
      expect(error).toBeInstanceOf(DeliveryError);
      expect(error).toMatchObject({ failure: 'unavailable' });
      expect(shown(error)).not.toMatch(/481516|\+1415|127\.0\.0\.1:1\b|vendor\.invalid/);
    }
  });

  it('times out when the receiver hangs', async () => {
    stub.behave({ fault: 'hang before accepting' }, { to: '+14155550107' });
    await expectShortTimeouts(async () => [
      await failureOf(post('+14155550107', undefined, undefined, SHORT_TIMEOUT_SECONDS)),
    ]);
  });

  it('waits eight seconds by default', () => {
    expect(new WebhookClient('http://127.0.0.1:1', WEBHOOK_SECRET).timeoutSeconds).toBe(8);
  });
});
