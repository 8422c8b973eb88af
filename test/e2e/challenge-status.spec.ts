import { PASSWORD, type SignedInReply } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';
import { VendorStub } from '../support/vendor-stub.js';
import { wrongCode } from '../support/wrong-code.js';

type Status = Record<string, unknown>;

/** The client side of a challenge's event stream. */
class EventStream {
  readonly received: Status[] = [];
  ended = false;
  /** Why the stream broke off. */
  error?: unknown;

  private constructor(
    readonly reply: Response,
    readonly disconnect: () => void,
  ) {
    this.read().catch((error: unknown) => (this.error = error));
  }

  static async open(app: TestApp, id: string, headers: Record<string, string> = {}): Promise<EventStream> {
    const controller = new AbortController();
    const reply = await fetch(`${app.url}/otp/challenges/${id}/events`, {
      headers,
      signal: controller.signal,
    });
    return new EventStream(reply, () => controller.abort());
  }

  private async read(): Promise<void> {
    let text = '';
    for await (const chunk of this.reply.body ?? []) {
      text += Buffer.from(chunk).toString();
      for (const [, data = ''] of text.matchAll(/^data: (.*)\n\n/gm))
        this.received.push(JSON.parse(data) as Status);
      text = text.slice(text.lastIndexOf('\n\n') + 2);
    }
    this.ended = true;
  }
}

describe('challenge status', () => {
  let stub: VendorStub;
  let app: TestApp;
  beforeAll(async () => {
    stub = await VendorStub.start();
    app = await TestApp.start({ ...stub.settings, SIGN_UP_ON_VERIFY: 'true' });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });

  let emailCount = 0;
  const newEmail = () => `status-${++emailCount}@example.com`;
  const generate = async (email: string): Promise<string> =>
    (await app.post('/otp/generate', { email }).expect(200)).body.challenge.id as string;
  const status = async (id: string): Promise<Status> =>
    (await app.get(`/otp/challenges/${id}`).expect(200)).body as Status;
  const recordReceipt = (id: string, state: string, failure: string | null = null) =>
    app.sql(`update messages set state = $2, failure = $3, finished_at = now() where challenge_id = $1`, [
      id,
      state,
      failure,
    ]);
  const waitForDelivery = (id: string, delivery: string) =>
    until(delivery, async () => (await status(id)).delivery === delivery);

  it('reports a message as queued, then sent, then delivered', async () => {
    const email = newEmail();
    stub.behave({ latencyMs: 500 }, { to: email });
    const id = await generate(email);
    expect(await status(id)).toMatchObject({ status: 'pending', delivery: 'queued' });
    await waitForDelivery(id, 'sent');
    await recordReceipt(id, 'delivered');
    expect(await status(id)).toMatchObject({ status: 'pending', delivery: 'delivered' });
    expect(await status(id)).not.toHaveProperty('deliveryReason');
  });

  it('keeps an event stream open for longer than other replies may take', async () => {
    const events = await EventStream.open(app, await generate(newEmail()));
    await until('the first event', () => events.received.length > 0);
    // Other replies have 8 s.
    await new Promise((resolve) => setTimeout(resolve, 9_000));
    expect(events.ended).toBe(false);
    expect(events.error).toBeUndefined();
    events.disconnect();
  });

  it('says why a delivery failed to administrators and recognised devices, and to nobody else', async () => {
    const email = newEmail();
    const owner = await signUpByCode(email);
    const other = await signUpByCode(newEmail());
    const admin = await signUpByCode(newEmail());
    await app.sql(`update users set roles = '{user,admin}' where id = $1`, [admin.user.id]);
    const { body } = await app.post('/otp/generate', { email }).expect(200);
    const id = body.challenge.id as string;
    await waitForDelivery(id, 'sent');
    await recordReceipt(id, 'failed', 'rejected (406)');

    const read = async (headers: Record<string, string>): Promise<unknown[]> => {
      const events = await EventStream.open(app, id, headers);
      await until('the first event', () => events.received.length === 1);
      events.disconnect();
      const { body: once } = await app.get(`/otp/challenges/${id}`).set(headers).expect(200);
      for (const { delivery } of [once as Status, ...events.received]) expect(delivery).toBe('failed');
      return [once as Status, ...events.received].map(({ deliveryReason }) => deliveryReason);
    };
    const reason = { code: 'address_unreachable', text: expect.stringMatching(/^[A-Z].*\.$/) };
    const adminToken = (await signInAs(admin.user.email)).accessToken;
    const allowed: Record<string, string>[] = [
      { 'x-device-token': owner.deviceToken },
      { cookie: `device_token=${owner.deviceToken}` },
      { authorization: `Bearer ${adminToken}` },
    ];
    const refused: Record<string, string>[] = [
      {},
      { 'x-device-token': other.deviceToken },
      { 'x-device-token': 'x' },
      { authorization: `Bearer ${other.accessToken}` },
    ];
    for (const headers of allowed) expect(await read(headers)).toEqual([reason, reason]);
    for (const headers of refused) expect(await read(headers)).toEqual([undefined, undefined]);
    const invalid = app.get(`/otp/challenges/${id}`).set('authorization', 'Bearer x');
    expect((await invalid.expect(401)).body).toMatchObject({ code: 'token_invalid' });
  });

  it('gives strangers a reason for no kind of failure', async () => {
    const id = await generate(newEmail());
    await waitForDelivery(id, 'sent');
    for (const failure of [
      'rejected (21610)',
      'undelivered (30003)',
      'undelivered (63003)',
      'rejected (300)',
      'bounced (1)',
      'suppressed',
      'timeout',
    ]) {
      await recordReceipt(id, 'failed', failure);
      expect(await status(id)).toMatchObject({ delivery: 'failed' });
      expect(await status(id)).not.toHaveProperty('deliveryReason');
    }
  });

  it('finds a challenge by its id in upper or lower case', async () => {
    const id = await generate(newEmail());
    expect((await status(id.toUpperCase())).id).toBe(id);
    const events = await EventStream.open(app, id.toUpperCase());
    await waitForDelivery(id, 'sent');
    await until('the stream reports delivery', () => events.received.at(-1)?.delivery === 'sent');
    events.disconnect();
  });

  it('is the same for registrations with and without an existing account', async () => {
    const takenEmail = newEmail();
    await signUpByCode(takenEmail);
    const views = [];
    for (const email of [takenEmail, newEmail()]) {
      const { body } = await app.post('/auth/register', { email, password: PASSWORD }).expect(201);
      const { id } = body.challenge as { id: string };
      const events = await EventStream.open(app, id);
      await until('the stream reports sent', () => events.received.at(-1)?.delivery === 'sent');
      await recordReceipt(id, 'failed', 'rejected (406)');
      await until('the stream reports failed', () => events.received.at(-1)?.delivery === 'failed');
      events.disconnect();
      const lastStatus = {
        ...(await status(id)),
        id: '',
        maskedTo: '',
        expiresAt: '',
        resendAt: '',
      };
      views.push([lastStatus, Object.keys(body.challenge as object)]);
    }
    expect(views[0]).toEqual(views[1]);
  });

  describe('event stream', () => {
    it('sends the current status and each change until the code is used', async () => {
      const email = newEmail();
      const id = await generate(email);
      const otp = await stub.code(email);
      await waitForDelivery(id, 'sent');
      const events = await EventStream.open(app, id);
      await until('the first event', () => events.received.length === 1);
      expect(events.received[0]).toEqual(await status(id));
      expect(Object.fromEntries(events.reply.headers)).toMatchObject({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      });

      await app.post('/otp/verify', { email, otp: wrongCode(otp) }).expect(400);
      await until('the stream reports the wrong guess', () => events.received.at(-1)?.attemptsLeft === 2);
      await recordReceipt(id, 'delivered');
      await until('the stream reports the receipt', () => events.received.at(-1)?.delivery === 'delivered');
      await app.post('/otp/verify', { email, otp }).expect(200);
      await until('the end of the stream', () => events.ended);
      expect(events.received.at(-1)).toMatchObject({ status: 'approved' });
      expect(events.received).toHaveLength(4);
    });

    it('ends when the code is exhausted, expired or replaced', async () => {
      const emails = [newEmail(), newEmail(), newEmail()];
      const ids = [];
      for (const email of emails) ids.push(await generate(email));
      const [exhausted, replaced, expired] = await Promise.all(ids.map((id) => EventStream.open(app, id)));
      const otp = wrongCode(await stub.code(emails[0] ?? ''));
      for (let n = 0; n < 3; n++) await app.post('/otp/verify', { email: emails[0], otp }).expect(400);
      await until('the end of the stream', () => exhausted?.ended);
      expect(exhausted?.received.at(-1)).toMatchObject({ status: 'exhausted', attemptsLeft: 0 });

      await app.age(200);
      await generate(emails[1] ?? '');
      await until('the end of the stream', () => replaced?.ended);
      expect(replaced?.received.at(-1)).toMatchObject({ status: 'pending' });

      await app.age(101);
      await until('the end of the stream', () => expired?.ended);
      expect(expired?.received.at(-1)).toMatchObject({ status: 'expired' });
    });

    it('replies 204 to a browser that reconnects after the final status', async () => {
      const email = newEmail();
      const id = await generate(email);
      await app.post('/otp/verify', { email, otp: await stub.code(email) }).expect(200);
      const events = await EventStream.open(app, id);
      await until('the end of the stream', () => events.ended);
      expect(events.received).toHaveLength(1);
      expect((await EventStream.open(app, id, { 'last-event-id': 'pending' })).reply.status).toBe(200);
      expect((await EventStream.open(app, id, { 'last-event-id': 'approved' })).reply.status).toBe(204);
    });

    it('replies 404 for an unknown challenge', async () => {
      for (const id of ['0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001', 'x']) {
        const { reply } = await EventStream.open(app, id);
        expect(reply.status).toBe(404);
        expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      }
    });

    it('allows five streams per challenge and address, and frees a place when a client disconnects', async () => {
      const id = await generate(newEmail());
      for (let n = 0; n < 6; n++)
        await fetch(`${app.url}/otp/challenges/${id}/events`, { method: 'HEAD' }).then(({ status }) =>
          expect(status).toBe(200),
        );
      const streams = await Promise.all([1, 2, 3, 4, 5].map(() => EventStream.open(app, id)));
      expect(streams.map(({ reply }) => reply.status)).toEqual([200, 200, 200, 200, 200]);
      await app
        .get(`/otp/challenges/${id}/events`)
        .expect(429)
        .expect('retry-after', '10')
        .expect(({ body }) => expect(body).toMatchObject({ code: 'too_many_streams' }));
      streams[0]?.disconnect();
      const reopened = await until('a free place for another stream', async () => {
        const events = await EventStream.open(app, id);
        return events.reply.status === 200 && events;
      });
      [...streams, reopened].forEach(({ disconnect }) => disconnect());
    });

    it('ends when the server stops, without delaying the shutdown', async () => {
      const stoppingApp = await TestApp.start();
      const { body } = await stoppingApp.post('/otp/generate', { email: 'stop@example.com' }).expect(200);
      const events = await EventStream.open(stoppingApp, body.challenge.id as string);
      await until('the first event', () => events.received.length > 0);
      const started = performance.now();
      await stoppingApp.stop();
      expect(performance.now() - started).toBeLessThan(5_000);
      await until('the end of the stream', () => events.ended);
    });
  });

  /** Creates an account with the code that the vendor received. */
  const signUpByCode = (email: string) => signInAs(email);

  async function signInAs(email: string | null): Promise<SignedInReply> {
    const before = stub.messagesTo(email ?? '').length;
    await app.sql('update challenges set resend_at = now() where recipient = $1', [`email:${email}`]);
    await app.post('/auth/send_otp', { email }).expect(201);
    const otp = await stub.code(email ?? '', before + 1);
    return (await app.post('/auth/verify_otp', { email, otp }).expect(201)).body as SignedInReply;
  }
});
