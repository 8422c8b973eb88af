import { PASSWORD } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';
import { VendorStub } from '../support/vendor-stub.js';

type Status = Record<string, unknown>;

/** A challenge's events as a browser hears them. */
class Events {
  readonly told: Status[] = [];
  ended = false;

  private constructor(
    readonly reply: Response,
    readonly leave: () => void,
  ) {
    this.read().catch(() => undefined);
  }

  static async of(app: TestApp, id: string, headers: Record<string, string> = {}): Promise<Events> {
    const leaving = new AbortController();
    const reply = await fetch(`${app.url}/otp/challenges/${id}/events`, { headers, signal: leaving.signal });
    return new Events(reply, () => leaving.abort());
  }

  private async read(): Promise<void> {
    let text = '';
    for await (const chunk of this.reply.body ?? []) {
      text += Buffer.from(chunk).toString();
      for (const [, data = ''] of text.matchAll(/^data: (.*)\n\n/gm))
        this.told.push(JSON.parse(data) as Status);
      text = text.slice(text.lastIndexOf('\n\n') + 2);
    }
    this.ended = true;
  }
}

describe('what became of a code', () => {
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

  let people = 0;
  const somebody = () => `status-${++people}@example.com`;
  const generate = async (email: string): Promise<string> =>
    (await app.post('/otp/generate', { email }).expect(200)).body.challenge.id as string;
  const status = async (id: string): Promise<Status> =>
    (await app.get(`/otp/challenges/${id}`).expect(200)).body as Status;
  const receipt = (id: string, state: string, failure: string | null = null) =>
    app.sql(`update messages set state = $2, failure = $3, finished_at = now() where challenge_id = $1`, [
      id,
      state,
      failure,
    ]);
  const deliveryOf = (id: string, delivery: string) =>
    until(delivery, async () => (await status(id)).delivery === delivery);

  it('is queued, then sent, then delivered', async () => {
    const email = somebody();
    stub.behave({ latencyMs: 500 }, { to: email });
    const id = await generate(email);
    expect(await status(id)).toMatchObject({ status: 'pending', delivery: 'queued' });
    await deliveryOf(id, 'sent');
    await receipt(id, 'delivered');
    expect(await status(id)).toMatchObject({ status: 'pending', delivery: 'delivered' });
    expect(await status(id)).not.toHaveProperty('deliveryReason');
  });

  it('is failed with a reason for people, which names neither provider nor address (L3)', async () => {
    for (const email of ['error-406@example.com', 'error-300@example.com']) {
      const id = await generate(email);
      await deliveryOf(id, 'failed');
      const { deliveryReason } = await status(id);
      expect(deliveryReason).toEqual({
        code: expect.stringMatching(/^[a-z_]+$/),
        text: expect.stringMatching(/^[A-Z].*\.$/),
      });
      expect(JSON.stringify(deliveryReason)).not.toMatch(/postmark|twilio|error-|@|406|300/i);
    }
  });

  it('is known by its id however that is written', async () => {
    const id = await generate(somebody());
    expect((await status(id.toUpperCase())).id).toBe(id);
    const events = await Events.of(app, id.toUpperCase());
    await deliveryOf(id, 'sent');
    await until('that it is told', () => events.told.at(-1)?.delivery === 'sent');
    events.leave();
  });

  it('looks the same for a registration whose address has an account (E1)', async () => {
    const taken = somebody();
    await signUpByCode(taken);
    const seen = [];
    for (const email of [taken, somebody()]) {
      const { body } = await app.post('/auth/register', { email, password: PASSWORD }).expect(201);
      const { id } = body.challenge as { id: string };
      const events = await Events.of(app, id);
      await until('its delivery', () => events.told.at(-1)?.delivery === 'sent');
      await receipt(id, 'failed', 'rejected (406)');
      await until('its failure', () => events.told.at(-1)?.delivery === 'failed');
      events.leave();
      const last = { ...(await status(id)), id: '', maskedTo: '', expiresAt: '', resendAt: '' };
      seen.push([last, Object.keys(body.challenge as object)]);
    }
    expect(seen[0]).toEqual(seen[1]);
  });

  describe('as a stream of events', () => {
    it('is told now and at each change, until the code is used', async () => {
      const email = somebody();
      const id = await generate(email);
      const otp = await stub.code(email);
      await deliveryOf(id, 'sent');
      const events = await Events.of(app, id);
      await until('the beginning', () => events.told.length === 1);
      expect(events.told[0]).toEqual(await status(id));
      expect(Object.fromEntries(events.reply.headers)).toMatchObject({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      });

      await app.post('/otp/verify', { email, otp: '0000000000' }).expect(400);
      await until('the guess', () => events.told.at(-1)?.attemptsLeft === 2);
      await receipt(id, 'delivered');
      await until('the receipt', () => events.told.at(-1)?.delivery === 'delivered');
      await app.post('/otp/verify', { email, otp }).expect(200);
      await until('the end', () => events.ended);
      expect(events.told.at(-1)).toMatchObject({ status: 'approved' });
      expect(events.told).toHaveLength(4);
    });

    it('ends when the code is exhausted, is over, or is replaced', async () => {
      const emails = [somebody(), somebody(), somebody()];
      const ids = [];
      for (const email of emails) ids.push(await generate(email));
      const [exhausted, replaced, expired] = await Promise.all(ids.map((id) => Events.of(app, id)));
      for (let n = 0; n < 3; n++)
        await app.post('/otp/verify', { email: emails[0], otp: '0000000000' }).expect(400);
      await until('the end', () => exhausted?.ended);
      expect(exhausted?.told.at(-1)).toMatchObject({ status: 'exhausted', attemptsLeft: 0 });

      await app.age(200);
      await generate(emails[1] ?? '');
      await until('the end', () => replaced?.ended);
      expect(replaced?.told.at(-1)).toMatchObject({ status: 'pending' });

      await app.age(101);
      await until('the end', () => expired?.ended);
      expect(expired?.told.at(-1)).toMatchObject({ status: 'expired' });
    });

    it('is over for a browser that comes back after the end', async () => {
      const email = somebody();
      const id = await generate(email);
      await app.post('/otp/verify', { email, otp: await stub.code(email) }).expect(200);
      const events = await Events.of(app, id);
      await until('the end', () => events.ended);
      expect(events.told).toHaveLength(1);
      expect((await Events.of(app, id, { 'last-event-id': 'pending' })).reply.status).toBe(200);
      expect((await Events.of(app, id, { 'last-event-id': 'approved' })).reply.status).toBe(204);
    });

    it('is refused for what is no challenge', async () => {
      for (const id of ['0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001', 'x']) {
        const { reply } = await Events.of(app, id);
        expect(reply.status).toBe(404);
        expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      }
    });

    it('is for five at a time from one address, and a place is free when its client leaves', async () => {
      const id = await generate(somebody());
      for (let n = 0; n < 6; n++)
        await fetch(`${app.url}/otp/challenges/${id}/events`, { method: 'HEAD' }).then(({ status }) =>
          expect(status).toBe(200),
        );
      const five = await Promise.all([1, 2, 3, 4, 5].map(() => Events.of(app, id)));
      expect(five.map(({ reply }) => reply.status)).toEqual([200, 200, 200, 200, 200]);
      await app
        .get(`/otp/challenges/${id}/events`)
        .expect(429)
        .expect('retry-after', '10')
        .expect(({ body }) => expect(body).toMatchObject({ code: 'too_many_streams' }));
      five[0]?.leave();
      const again = await until('a free place', async () => {
        const events = await Events.of(app, id);
        return events.reply.status === 200 && events;
      });
      [...five, again].forEach(({ leave }) => leave());
    });

    it('ends when the server stops, which does not wait for it', async () => {
      const other = await TestApp.start();
      const { body } = await other.post('/otp/generate', { email: 'stop@example.com' }).expect(200);
      const events = await Events.of(other, body.challenge.id as string);
      await until('the beginning', () => events.told.length > 0);
      const started = performance.now();
      await other.stop();
      expect(performance.now() - started).toBeLessThan(5_000);
      await until('the end', () => events.ended);
    });
  });

  /** An account, made by the code that the vendor got. */
  async function signUpByCode(email: string): Promise<void> {
    await app.post('/auth/send_otp', { email }).expect(201);
    await app.post('/auth/verify_otp', { email, otp: await stub.code(email) }).expect(201);
  }
});
