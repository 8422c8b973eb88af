import { DeliveryError, type DeliveryFailure } from '../common/delivery.js';
import { Config } from '../config/config.js';
import {
  expectToGiveUp,
  failureOf,
  FAULTS,
  SHORT_TIMEOUT_SECONDS,
  shown,
} from '../../test/support/adapters.js';
import { UNKNOWN_ERROR, VendorStub } from '../../test/support/vendor-stub.js';
import { POSTMARK_TOKEN } from '../../test/support/vendors.js';
import { PostmarkMailer } from './postmark.mailer.js';

describe('PostmarkMailer', () => {
  let stub: VendorStub;
  beforeAll(async () => {
    stub = await VendorStub.start();
  });
  afterAll(() => stub.stop());

  const send = (to: string, settings: Record<string, string> = {}, timeoutSeconds?: number) =>
    new PostmarkMailer(Config.from({ ...stub.settings, ...settings }), timeoutSeconds).send({
      messageId: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001',
      to,
      subject: '481516 is your code',
      text: 'Your code is 481516',
      html: '<p>Your code is 481516</p>',
      locale: 'en',
      validSeconds: 299,
    });
  const failure = (to: string, settings?: Record<string, string>) => failureOf(send(to, settings));

  it('sends both bodies and our message id, without tracking', async () => {
    const reference = await send('ada@example.com');

    const { id, payload } = await stub.message('ada@example.com');
    expect(reference).toBe(id);
    expect(payload).toEqual({
      From: 'Codes <codes@example.org>',
      To: 'ada@example.com',
      Subject: '481516 is your code',
      TextBody: 'Your code is 481516',
      HtmlBody: '<p>Your code is 481516</p>',
      MessageStream: 'outbound',
      TrackOpens: false,
      TrackLinks: 'None',
      Metadata: { message_id: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001' },
    });
  });

  it('accepts an API URL with a path', async () => {
    const api = `${stub.settings.POSTMARK_API_URL}/`;
    await expect(send('slash@example.com', { POSTMARK_API_URL: api })).resolves.toEqual(expect.any(String));
  });

  const refusals: [string, number, DeliveryFailure][] = [
    ['an invalid address', 300, 'rejected'],
    ['an inactive recipient', 406, 'rejected'],
    ['a bad token', 10, 'misconfigured'],
    ['an unknown sender', 400, 'misconfigured'],
    ['an unconfirmed sender', 401, 'misconfigured'],
    ['no credit', 405, 'misconfigured'],
    ['a pending account', 412, 'misconfigured'],
    ['a closed account', 413, 'misconfigured'],
    ['an unknown message stream', 1235, 'misconfigured'],
    ['an unknown 422', 1400, 'rejected'],
    ['invalid JSON', 402, 'rejected'],
    ['too many requests', 429, 'throttled'],
    ['maintenance', 100, 'unavailable'],
    ['an internal error', 500, 'unavailable'],
  ];
  it.each(refusals)('translates %s (%i) to "%s"', async (_, code, kind) => {
    expect(await failure(`error-${code}@example.com`)).toMatchObject({
      failure: kind,
      vendorCode: code,
    });
  });

  it.each<[number, DeliveryFailure]>([
    [400, 'rejected'],
    [404, 'rejected'],
    [413, 'rejected'],
    [415, 'rejected'],
    [422, 'rejected'],
    [401, 'misconfigured'],
    [403, 'misconfigured'],
    [408, 'unavailable'],
    [429, 'throttled'],
    [500, 'unavailable'],
  ])('translates the status %i with an unknown number to "%s"', async (status, kind) => {
    stub.behave({ fault: `unknown ${status}` }, { to: 'fault@example.com', times: 1 });
    expect(await failure('fault@example.com')).toMatchObject({
      failure: kind,
      vendorCode: UNKNOWN_ERROR,
      retryElsewhere: kind === 'rejected',
      unexpected: kind === 'rejected',
    });
  });

  it.each(FAULTS)('translates "%s" to "%s"', async (fault, kind) => {
    stub.behave({ fault }, { to: 'fault@example.com', times: 1 });
    expect(await failure('fault@example.com')).toMatchObject({
      name: 'DeliveryError',
      failure: kind,
    });
  });

  it('reports a refused sender as a misconfiguration, not as a bad address', async () => {
    const settings = { MAIL_FROM: 'codes@exämple.org' };
    expect(await failure('ada@example.com', settings)).toMatchObject({
      failure: 'misconfigured',
      vendorCode: 300,
    });
  });

  it('translates a wrong token, a wrong path, an unreachable host and an unknown host name', async () => {
    expect(await failure('a@example.com', { POSTMARK_SERVER_TOKEN: 'another' })).toMatchObject({
      failure: 'misconfigured',
    });
    const wrongPath = `${stub.settings.POSTMARK_API_URL}/nowhere`;
    expect(await failure('a@example.com', { POSTMARK_API_URL: wrongPath })).toMatchObject({
      failure: 'misconfigured',
    });
    for (const POSTMARK_API_URL of ['http://127.0.0.1:1', 'http://vendor.invalid'])
      expect(await failure('a@example.com', { POSTMARK_API_URL })).toMatchObject({
        failure: 'unavailable',
      });
  });

  it('times out at every step where Postmark can hang', async () => {
    await expectToGiveUp(stub, ['hang-0@example.com', 'hang-1@example.com', 'hang-2@example.com'], (to) =>
      failureOf(send(to, {}, SHORT_TIMEOUT_SECONDS)),
    );
  });

  it('waits eight seconds by default', () => {
    expect(new PostmarkMailer(Config.from(stub.settings)).timeoutSeconds).toBe(8);
  });

  it('throws errors without text of Postmark, the message or the token', async () => {
    stub.behave({ fault: 'reset mid-body' }, { to: 'reset@example.com' });
    const errors = [
      await failure('error-406@example.com'),
      await failure('error-300@example.com'),
      await failure('reset@example.com'),
      await failure('ada@example.com', { POSTMARK_API_URL: 'http://127.0.0.1:1' }),
    ];
    for (const error of errors) {
      expect(error).toBeInstanceOf(DeliveryError);
      expect(shown(error)).not.toMatch(/481516|example\.com|inactive|Invalid 'To'|127\.0\.0\.1:1\b/);
      expect(shown(error)).not.toContain(POSTMARK_TOKEN);
    }
  });
});
