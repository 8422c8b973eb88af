import { TestApp } from '../support/app.js';

const INTERNAL = ['login', 'email_verification', 'contact_change', 'password_reset'];

interface Row {
  attempts: number;
  failures: number;
  sends: number;
  wiped: boolean;
}

/** Another code of the same length. */
function wrong(code: string): string {
  return code.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));
}

describe('a challenge', () => {
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app?.stop());

  const somebody = () => `somebody-${++people}@example.com`;

  const age = (seconds: number) => app.ageWhenSent(seconds);

  async function generate(body: object): Promise<{ id: string; attemptsLeft: number }> {
    const reply = await app.post('/otp/generate', body).expect(200);
    return reply.body.challenge as { id: string; attemptsLeft: number };
  }

  async function resend(body: object): Promise<{ id: string; attemptsLeft: number }> {
    const reply = await app.post('/otp/resend', body).expect(200);
    return reply.body.challenge as { id: string; attemptsLeft: number };
  }

  async function refused(path: string, body: object): Promise<{ code: string; attemptsLeft?: number }> {
    const reply = await app.post(path, body);
    expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
    return reply.body as { code: string; attemptsLeft?: number };
  }

  async function row(email: string, purpose = 'verification'): Promise<Row> {
    const [found] = await app.sql<Row>(
      `select attempts, failures, sends, code_sealed is null as wiped from challenges
       where recipient = $1 and purpose = $2`,
      [`email:${email}`, purpose],
    );
    if (!found) throw new Error(`no challenge of ${email}`);
    return found;
  }

  it('is stored in the schema that the entities describe', async () => {
    expect((await app.inspect()).pendingSchema).toEqual([]);
  });

  it('is found by text that no language orders, and so is everything else', async () => {
    const ordered = await app.sql(`
      select indexrelid::regclass::text as index, attname as column
      from pg_index cross join unnest(indcollation::oid[], indkey::int2[]) as part(rules, attribute)
      join pg_attribute on attrelid = indrelid and attnum = attribute
      where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
        and rules not in (0, (select oid from pg_collation where collname = 'C'))`);
    expect(ordered).toEqual([]);
  });

  it('accepts the right code once (N3, R1)', async () => {
    const phone = '+14155550123';
    const sent = await app.post('/auth/send_otp', { phone }).expect(201);
    expect(sent.body).toEqual({
      message: 'OTP sent successfully.',
      VerificationStatus: 'pending',
      challenge: expect.objectContaining({
        channel: 'sms',
        maskedTo: '+14•••••••23',
        codeLength: 6,
        attemptsLeft: 3,
      }),
    });
    const otp = await app.code(phone);

    await app.post('/auth/verify_otp', { phone, otp }).expect(201, { VerificationStatus: 'approved' });
    const again = await app.post('/auth/verify_otp', { phone, otp }).expect(404);
    expect(again.body).toMatchObject({ code: 'otp_not_found' });
  });

  describe('that is sent again', () => {
    it('has the same code while more than half of its life is left, and a new one after (R5)', async () => {
      const email = somebody();
      const { id } = await generate({ email });
      const first = await app.code(email);

      for (const count of [2, 3]) {
        await age(61);
        expect((await resend({ email })).id).toBe(id);
        expect(await app.code(email, count)).toBe(first);
      }
      await age(61);
      const replaced = await resend({ email });
      const second = await app.code(email, 4);
      expect(replaced.id).not.toBe(id);
      expect(second).not.toBe(first);

      expect(await refused('/otp/verify', { email, otp: first })).toMatchObject({ code: 'otp_invalid' });
      await app.post('/otp/verify', { email, otp: second }).expect(200);
    });

    it('has the same code from /otp/generate too, and its spent attempts stay spent', async () => {
      const email = somebody();
      await generate({ email });
      const otp = await app.code(email);
      await app.post('/otp/verify', { email, otp: wrong(otp) }).expect(400);
      await age(61);
      expect(await generate({ email })).toMatchObject({ attemptsLeft: 2 });
      expect(await app.code(email, 2)).toBe(otp);
      await app.post('/otp/verify', { email, otp }).expect(200);
    });

    it('is refused within the cooldown, with the seconds to wait, and nothing changes (RF9)', async () => {
      const email = somebody();
      const { id } = await generate({ email });
      for (const path of ['/otp/generate', '/otp/resend']) {
        const reply = await app.post(path, { email }).expect(429);
        expect(reply.body).toMatchObject({ code: 'otp_cooldown' });
        expect(reply.headers['retry-after']).toBe(String(reply.body.retryAfter));
        expect(reply.body.retryAfter).toBeGreaterThan(50);
        expect(reply.body.retryAfter).toBeLessThanOrEqual(60);
      }
      await app.get(`/otp/challenges/${id}`).expect(200);
      expect(await row(email)).toMatchObject({ sends: 1 });
      await age(60);
      await app.post('/otp/resend', { email }).expect(200);
    });

    it('may be asked for at once after a right code', async () => {
      const email = somebody();
      await generate({ email });
      await app.post('/otp/verify', { email, otp: await app.code(email) }).expect(200);
      expect(await refused('/otp/resend', { email })).toMatchObject({ code: 'otp_not_found' });
      expect(await generate({ email })).toMatchObject({ attemptsLeft: 3 });
      await app.post('/otp/verify', { email, otp: await app.code(email, 2) }).expect(200);
    });

    it('is not there where none was asked for', async () => {
      expect(await refused('/otp/resend', { email: somebody() })).toMatchObject({ code: 'otp_not_found' });
      expect(await refused('/otp/verify', { email: somebody(), otp: '123456' })).toMatchObject({
        code: 'otp_not_found',
      });
    });
  });

  describe('that is guessed at', () => {
    it('ends after three wrong codes, for the right one too; a new one starts afresh, the failures stay (B1, B5)', async () => {
      const email = somebody();
      await generate({ email });
      const otp = await app.code(email);
      for (const attemptsLeft of [2, 1, 0])
        expect(await refused('/otp/verify', { email, otp: wrong(otp) })).toMatchObject({
          code: 'otp_invalid',
          attemptsLeft,
        });
      expect(await refused('/otp/verify', { email, otp })).toMatchObject({ code: 'otp_attempts_exhausted' });
      expect(await row(email)).toMatchObject({ attempts: 3, failures: 3, wiped: true });

      await age(61);
      expect(await generate({ email })).toMatchObject({ attemptsLeft: 3 });
      const next = await app.code(email, 2);
      expect(await refused('/otp/verify', { email, otp: wrong(next) })).toMatchObject({ attemptsLeft: 2 });
      expect(await row(email)).toMatchObject({ attempts: 1, failures: 4 });
      await app.post('/otp/verify', { email, otp: next }).expect(200);
      expect(await row(email)).toMatchObject({ failures: 0, wiped: true });
    });

    it('is closed for a day after twenty failures, over all codes, and only there (B5, B7, N4, N5)', async () => {
      const email = somebody();
      await generate({ email });
      const otp = await app.code(email);
      await app.post('/otp/verify', { email, otp: wrong(otp) }).expect(400);
      await app.sql('update challenges set failures = 19 where recipient = $1', [`email:${email}`]);
      await app.post('/otp/verify', { email, otp: wrong(otp) }).expect(400);

      const closed = await app.post('/otp/verify', { email, otp }).expect(429);
      expect(closed.body).toMatchObject({ code: 'otp_guess_limit' });
      expect(Number(closed.headers['retry-after'])).toBeGreaterThan(86_000);
      await age(61);
      expect(await refused('/otp/generate', { email })).toMatchObject({ code: 'otp_guess_limit' });
      await generate({ email, purpose: 'another_way' });

      await age(86_400);
      await generate({ email });
      await app.post('/otp/verify', { email, otp: await app.code(email, 3) }).expect(200);
    });

    it('has at most ten messages a day, over all purposes (P2, S2)', async () => {
      const email = somebody();
      for (let count = 1; count <= 5; count++) {
        await generate({ email });
        await generate({ email, purpose: 'another_way' });
        await age(61);
      }
      for (const purpose of ['verification', 'another_way', 'a_third_way']) {
        const reply = await app.post('/otp/generate', { email, purpose }).expect(429);
        expect(reply.body).toMatchObject({ code: 'otp_send_limit' });
        expect(Number(reply.headers['retry-after'])).toBeGreaterThan(80_000);
      }
      expect(await refused('/auth/send_otp', { email })).toMatchObject({ code: 'otp_send_limit' });
      await age(86_400);
      await generate({ email });
    });

    it('expires after five minutes (N2, V16)', async () => {
      const email = somebody();
      await generate({ email });
      const otp = await app.code(email);
      await age(300);
      expect(await refused('/otp/verify', { email, otp })).toMatchObject({ code: 'otp_expired' });
      expect(await row(email)).toMatchObject({ attempts: 0 });
    });

    it.each<[string, (otp: string) => unknown]>([
      ['a blank before', (otp) => ` ${otp}`],
      ['a blank after', (otp) => `${otp} `],
      ['a blank inside', (otp) => `${otp.slice(0, 3)} ${otp.slice(3)}`],
      ['a line feed', (otp) => `${otp}\n`],
      ['a NUL', (otp) => `${otp}\u0000`],
      ['full-width digits', (otp) => otp.replace(/\d/g, (d) => String.fromCharCode(0xff10 + Number(d)))],
      ['Arabic-Indic digits', (otp) => otp.replace(/\d/g, (d) => String.fromCharCode(0x660 + Number(d)))],
      ['a zero-width space', (otp) => `${otp}\u200b`],
      ['a number', (otp) => Number(otp)],
      ['an exponent', (otp) => `${otp}e0`],
      ['a fraction', (otp) => `${otp}.0`],
      ['a sign', (otp) => `+${otp}`],
      ['a list', (otp) => [otp]],
      ['an object', (otp) => ({ $eq: otp })],
      ['true', () => true],
      ['null', () => null],
      ['nothing', () => ''],
      ['eleven digits', (otp) => `00000${otp}`],
    ])('is not spent by an odd spelling of its code: %s (R4, I4)', async (_, spell) => {
      const email = somebody();
      await generate({ email });
      const otp = await app.code(email);
      const { code } = await refused('/otp/verify', { email, otp: spell(otp) });
      expect(code).toBe('validation_failed');
      expect(await row(email)).toMatchObject({ attempts: 0, wiped: false });
      await app.post('/otp/verify', { email, otp }).expect(200);
      expect(await refused('/otp/verify', { email, otp: spell(otp) })).toMatchObject({ code });
      expect(await refused('/otp/verify', { email, otp })).toMatchObject({ code: 'otp_not_found' });
    });

    it('takes its own digits with more or fewer of them for a wrong code (R4)', async () => {
      const email = somebody();
      await generate({ email });
      const otp = await app.code(email);
      expect(await refused('/otp/verify', { email, otp: `${otp}0` })).toMatchObject({ code: 'otp_invalid' });
      expect(await refused('/otp/verify', { email, otp: otp.slice(0, 5) })).toMatchObject({
        code: 'otp_invalid',
      });
      await app.post('/otp/verify', { email, otp }).expect(200);
    });
  });

  describe('belongs to what it was sent for', () => {
    it('its code is refused for another purpose, and the right ones still work (R2, V19)', async () => {
      const email = somebody();
      const purposes = ['verification', 'checkout', 'delivery'];
      const codes = new Map<string, string>();
      for (const [index, purpose] of purposes.entries()) {
        await generate({ email, purpose });
        codes.set(purpose, await app.code(email, index + 1));
      }
      await app.post('/auth/send_otp', { email }).expect(201);
      const login = await app.code(email, 4);

      for (const otp of [codes.get('checkout'), login])
        expect(await refused('/otp/verify', { email, otp })).toMatchObject({ code: 'otp_invalid' });
      expect(await refused('/auth/verify_otp', { email, otp: codes.get('verification') })).toMatchObject({
        code: 'otp_invalid',
      });
      for (const purpose of purposes)
        await app.post('/otp/verify', { email, purpose, otp: codes.get(purpose) }).expect(200);
      await app.post('/auth/verify_otp', { email, otp: login }).expect(201);
    });

    it('its code is refused for a purpose that has none, and still works (R2)', async () => {
      const email = somebody();
      await app.post('/auth/send_otp', { email }).expect(201);
      const otp = await app.code(email);
      expect(await refused('/otp/verify', { email, otp })).toMatchObject({ code: 'otp_not_found' });
      await app.post('/auth/verify_otp', { email, otp }).expect(201);
    });

    it('its code is refused for another address, and both right ones still work (R3)', async () => {
      const [ada, eve] = [somebody(), somebody()];
      await generate({ email: ada });
      await generate({ email: eve });
      const codes = { ada: await app.code(ada), eve: await app.code(eve) };
      expect(await refused('/otp/verify', { email: eve, otp: codes.ada })).toMatchObject({
        code: 'otp_invalid',
      });
      expect(await refused('/otp/verify', { email: somebody(), otp: codes.ada })).toMatchObject({
        code: 'otp_not_found',
      });
      expect(await row(ada)).toMatchObject({ attempts: 0 });
      await app.post('/otp/verify', { email: ada, otp: codes.ada }).expect(200);
      await app.post('/otp/verify', { email: eve, otp: codes.eve }).expect(200);
    });

    it('is found by every spelling of its address (I0, I0b)', async () => {
      await generate({ phone_number: '+91 94450-12345' });
      const otp = await app.code('+919445012345');
      expect(await refused('/otp/generate', { phone_number: '00919445012345' })).toMatchObject({
        code: 'otp_cooldown',
      });
      await app.post('/otp/verify', { phone_number: 'whatsapp:+91 (0) 94450 12345', otp }).expect(200);

      await generate({ email: 'Ada@BÜCHER.de' });
      const mailed = await app.code('ada@xn--bcher-kva.de');
      await app.post('/otp/verify', { email: 'ada@xn--bcher-kva.de', otp: mailed }).expect(200);
    });

    it.each(INTERNAL)('is never of the purpose %s where a client names it', async (purpose) => {
      const email = somebody();
      for (const path of ['/otp/generate', '/otp/resend'])
        expect(await refused(path, { email, purpose })).toMatchObject({ code: 'otp_purpose_refused' });
      expect(await refused('/otp/verify', { email, purpose, otp: '123456' })).toMatchObject({
        code: 'otp_purpose_refused',
      });
    });
  });

  describe('that approves a transaction', () => {
    const purpose = 'transaction';
    const context = { amount: '39.99 EUR', payee: 'Acme' };

    it('shows it, and is checked with the same, in whatever order (RF17, RF18)', async () => {
      const email = somebody();
      await generate({ email, purpose, context });
      const otp = await app.code(email);
      const [message] = await app.messages(email);
      expect(message?.text).toContain('amount: 39.99 EUR');
      expect(message?.text).toContain('payee: Acme');
      const reordered = { payee: 'Acme', amount: '39.99 EUR' };
      await app.post('/otp/verify', { email, purpose, otp, context: reordered }).expect(200);
    });

    it.each([
      ['another amount', { amount: '40.00 EUR', payee: 'Acme' }],
      ['the amount spelt otherwise', { amount: '39.990 EUR', payee: 'Acme' }],
      ['another currency', { amount: '39.99 USD', payee: 'Acme' }],
      ['another payee', { amount: '39.99 EUR', payee: 'Eve' }],
      ['one blank more', { amount: '39.99 EUR', payee: 'Acme ' }],
      ['one detail less', { amount: '39.99 EUR' }],
      ['one detail more', { amount: '39.99 EUR', payee: 'Acme', note: 'urgent' }],
      ['values exchanged', { amount: 'Acme', payee: '39.99 EUR' }],
    ])('is refused with %s, which counts as a guess (RF17)', async (_, changed) => {
      const email = somebody();
      await generate({ email, purpose, context });
      const otp = await app.code(email);
      expect(await refused('/otp/verify', { email, purpose, otp, context: changed })).toMatchObject({
        code: 'otp_invalid',
        attemptsLeft: 2,
      });
      await app.post('/otp/verify', { email, purpose, otp, context }).expect(200);
    });

    it('needs its context, which may not be left out to pass (RF17)', async () => {
      const email = somebody();
      for (const path of ['/otp/generate', '/otp/resend'])
        expect(await refused(path, { email, purpose })).toMatchObject({ code: 'otp_context_required' });
      await generate({ email, purpose, context });
      const otp = await app.code(email);
      expect(await refused('/otp/verify', { email, purpose, otp })).toMatchObject({
        code: 'otp_context_required',
      });
      expect(await refused('/otp/verify', { email, otp })).toMatchObject({ code: 'otp_not_found' });
      expect(await refused('/otp/verify', { email, purpose: 'verification', otp, context })).toMatchObject({
        code: 'otp_not_found',
      });
      await app.post('/otp/verify', { email, purpose, otp, context }).expect(200);
    });

    it('is replaced by that of another transaction, and the old code is worth nothing (RF17)', async () => {
      const email = somebody();
      const { id } = await generate({ email, purpose, context });
      const otp = await app.code(email);
      const other = { ...context, amount: '40.00 EUR' };
      expect(await refused('/otp/resend', { email, purpose, context: other })).toMatchObject({
        code: 'otp_not_found',
      });
      await age(61);
      expect((await generate({ email, purpose, context: other })).id).not.toBe(id);
      const next = await app.code(email, 2);
      expect(await refused('/otp/verify', { email, purpose, otp, context })).toMatchObject({
        code: 'otp_invalid',
      });
      expect(await refused('/otp/verify', { email, purpose, otp: next, context })).toMatchObject({
        code: 'otp_invalid',
      });
      await app.post('/otp/verify', { email, purpose, otp: next, context: other }).expect(200);
    });

    it('may be a verification too, and then binds as well', async () => {
      const email = somebody();
      await generate({ email, context });
      const otp = await app.code(email);
      expect(await refused('/otp/verify', { email, otp })).toMatchObject({ code: 'otp_invalid' });
      await app.post('/otp/verify', { email, otp, context }).expect(200);
    });
  });

  describe('by its id', () => {
    async function status(id: string): Promise<unknown> {
      return (await app.get(`/otp/challenges/${id}`).expect(200)).body;
    }

    it('is pending, then approved, and its code is wiped (L1)', async () => {
      const email = somebody();
      const { id } = await generate({ email });
      const otp = await app.code(email);
      await age(0);
      expect(await status(id)).toEqual({
        id,
        channel: 'email',
        maskedTo: 's•••@example.com',
        codeLength: 6,
        expiresAt: expect.any(String),
        resendAt: expect.any(String),
        attemptsLeft: 3,
        status: 'pending',
        delivery: 'sent',
      });
      expect(await row(email)).toMatchObject({ wiped: false });
      await app.post('/otp/verify', { email, otp }).expect(200);
      expect(await status(id)).toMatchObject({ status: 'approved', attemptsLeft: 0 });
      expect(await row(email)).toMatchObject({ wiped: true });
      const sealed = await app.sql('select from messages where challenge_id = $1 and sealed is not null', [
        id,
      ]);
      expect(sealed).toEqual([]);
    });

    it('is exhausted after its last guess, and its code is wiped (L1)', async () => {
      const email = somebody();
      const { id } = await generate({ email });
      const otp = await app.code(email);
      await app.post('/otp/verify', { email, otp: wrong(otp) }).expect(400);
      expect(await status(id)).toMatchObject({ status: 'pending', attemptsLeft: 2 });
      for (let i = 0; i < 2; i++) await app.post('/otp/verify', { email, otp: wrong(otp) }).expect(400);
      expect(await status(id)).toMatchObject({ status: 'exhausted', attemptsLeft: 0 });
      expect(await row(email)).toMatchObject({ wiped: true });
    });

    it('is expired after its time', async () => {
      const email = somebody();
      const { id } = await generate({ email });
      await app.code(email);
      await age(299);
      expect(await status(id)).toMatchObject({ status: 'pending' });
      await age(1);
      expect(await status(id)).toMatchObject({ status: 'expired', attemptsLeft: 0 });
    });

    it('is unknown once another code has replaced it, or where there never was one', async () => {
      const email = somebody();
      const { id } = await generate({ email });
      await app.code(email);
      await age(200);
      const { id: next } = await generate({ email });
      expect(next).not.toBe(id);
      await app.get(`/otp/challenges/${next}`).expect(200);
      for (const unknown of [id, '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001', 'x', '1', "' or 1=1 --", '..%2f']) {
        const { body } = await app.get(`/otp/challenges/${encodeURIComponent(unknown)}`).expect(404);
        expect(body).toMatchObject({ code: 'challenge_not_found' });
      }
    });

    it('tells nothing of the code and not the whole address (L3)', async () => {
      const phone_number = '+14155550177';
      const { id } = await generate({ phone_number });
      const otp = await app.code(phone_number);
      const { text } = await app.get(`/otp/challenges/${id}`).expect(200);
      expect(text).not.toContain(otp);
      expect(text).not.toContain('5550177');
    });
  });

  it('leaves neither code nor address in the log (L1, L3)', async () => {
    const { body } = await app.get('/inbox/messages').expect(200);
    const codes = (body as { text: string }[]).map(({ text }) => /\b\d{6}\b/.exec(text)?.[0] ?? '');
    expect(codes.length).toBeGreaterThan(people / 2);
    const logged = new Set(app.log.match(/\b\d{6}\b/g) ?? []);
    expect(codes.filter((code) => logged.has(code))).toEqual([]);
    expect(app.log).not.toMatch(/somebody-\d|\+14155550177|919445012345/);
  });
});
