import { TestApp } from '../support/app.js';
import { wrongCode } from '../support/wrong-code.js';

const INTERNAL_PURPOSES = ['login', 'email_verification', 'contact_change', 'password_reset'];

interface Row {
  attempts: number;
  failures: number;
  messages: number;
  wiped: boolean;
}

describe('challenges', () => {
  let app: TestApp;
  let emailCount = 0;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++emailCount}@example.com`;

  const ageWhenSent = (seconds: number) => app.ageWhenSent(seconds);

  async function generate(body: object): Promise<{ id: string; attemptsLeft: number }> {
    const reply = await app.post('/otp/generate', body).expect(200);
    return reply.body.challenge as { id: string; attemptsLeft: number };
  }

  async function resend(body: object): Promise<{ id: string; attemptsLeft: number }> {
    const reply = await app.post('/otp/resend', body).expect(200);
    return reply.body.challenge as { id: string; attemptsLeft: number };
  }

  async function problemOf(path: string, body: object): Promise<{ code: string; attemptsLeft?: number }> {
    const reply = await app.post(path, body);
    expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
    return reply.body as { code: string; attemptsLeft?: number };
  }

  async function storedChallenge(email: string, purpose = 'verification'): Promise<Row> {
    const [challenge] = await app.sql<Row>(
      `select attempts, failures, code_sealed is null as wiped,
         (select count(*)::int from messages where recipient = $1 and purpose = $2) as messages
       from challenges where recipient = $1 and purpose = $2`,
      [`email:${email}`, purpose],
    );
    if (!challenge) throw new Error(`no challenge for ${email}`);
    return challenge;
  }

  it('has a migrated schema that matches the entities', async () => {
    expect((await app.inspect()).pendingSchema).toEqual([]);
  });

  it('indexes text only with the C collation, in every table', async () => {
    const localeDependent = await app.sql(`
      select indexrelid::regclass::text as index, attname as column
      from pg_index cross join unnest(indcollation::oid[], indkey::int2[]) as part(rules, attribute)
      join pg_attribute on attrelid = indrelid and attnum = attribute
      where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
        and rules not in (0, (select oid from pg_collation where collname = 'C'))`);
    expect(localeDependent).toEqual([]);
  });

  it('accepts the right code once', async () => {
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

  describe('resend', () => {
    it('repeats the code in the first half of its lifetime, then sends a new one', async () => {
      const email = newEmail();
      const { id } = await generate({ email });
      const first = await app.code(email);

      for (const count of [2, 3]) {
        await ageWhenSent(61);
        expect((await resend({ email })).id).toBe(id);
        expect(await app.code(email, count)).toBe(first);
      }
      await ageWhenSent(61);
      const replaced = await resend({ email });
      const second = await app.code(email, 4);
      expect(replaced.id).not.toBe(id);
      expect(second).not.toBe(first);

      await app.post('/otp/verify', { email, otp: first }).expect(200);
      expect(await problemOf('/otp/verify', { email, otp: second })).toMatchObject({
        code: 'otp_not_found',
      });
    });

    describe('after half of the lifetime', () => {
      /** Sends a code, ages it past half of its life and sends another one. */
      async function sendTwoCodes(
        more: object = {},
      ): Promise<{ email: string; first: string; second: string }> {
        const email = newEmail();
        await generate({ email, ...more });
        const first = await app.code(email);
        await ageWhenSent(200);
        await resend({ email, ...more });
        const second = await app.code(email, 2);
        expect(second).not.toBe(first);
        return { email, first, second };
      }

      const context = { amount: '39.99 EUR', payee: 'Acme' };

      it.each([
        ['the previous code', {}, 'first'],
        ['the new code', {}, 'second'],
        ['the previous code of a custom purpose', { purpose: 'checkout' }, 'first'],
        ['the previous code of a transaction', { purpose: 'transaction', context }, 'first'],
        ['the new code of a transaction', { purpose: 'transaction', context }, 'second'],
      ] as const)('accepts %s once and consumes both', async (_, more, right) => {
        const { email, ...codes } = await sendTwoCodes(more);
        await app.post('/otp/verify', { email, ...more, otp: codes[right] }).expect(200);
        for (const otp of Object.values(codes))
          expect(await problemOf('/otp/verify', { email, ...more, otp })).toMatchObject({
            code: 'otp_not_found',
          });
        const rows = await app.sql(
          'select code_sealed, previous_code_hash from challenges where recipient = $1',
          [`email:${email}`],
        );
        expect(rows).toEqual([{ code_sealed: null, previous_code_hash: null }]);
      });

      it('accepts the previous code until its own end and the new code after that', async () => {
        const almostExpired = await sendTwoCodes();
        await ageWhenSent(95);
        await app.post('/otp/verify', { email: almostExpired.email, otp: almostExpired.first }).expect(200);

        const expired = await sendTwoCodes();
        await ageWhenSent(100);
        expect(await problemOf('/otp/verify', { email: expired.email, otp: expired.first })).toMatchObject({
          code: 'otp_invalid',
          attemptsLeft: 2,
        });
        await app.post('/otp/verify', { email: expired.email, otp: expired.second }).expect(200);
      });

      it('counts guesses at both codes together, over the resend', async () => {
        const email = newEmail();
        await generate({ email });
        const first = await app.code(email);
        await app.post('/otp/verify', { email, otp: wrongCode(first) }).expect(400);
        await ageWhenSent(200);
        expect(await resend({ email })).toMatchObject({ attemptsLeft: 2 });
        const second = await app.code(email, 2);
        const neither = wrongCode(first) === second ? wrongCode(second) : wrongCode(first);
        for (const attemptsLeft of [1, 0])
          expect(await problemOf('/otp/verify', { email, otp: neither })).toMatchObject({ attemptsLeft });
        for (const otp of [first, second])
          expect(await problemOf('/otp/verify', { email, otp })).toMatchObject({
            code: 'otp_attempts_exhausted',
          });

        await ageWhenSent(61);
        expect(await generate({ email })).toMatchObject({ attemptsLeft: 3 });
        for (const otp of [first, second])
          expect(await problemOf('/otp/verify', { email, otp })).toMatchObject({ code: 'otp_invalid' });
        await app.post('/otp/verify', { email, otp: await app.code(email, 3) }).expect(200);
      });

      it('keeps the previous code right when the new one is repeated', async () => {
        const { email, first, second } = await sendTwoCodes();
        await ageWhenSent(61);
        await resend({ email });
        expect(await app.code(email, 3)).toBe(second);
        await app.post('/otp/verify', { email, otp: first }).expect(200);
      });

      it.each([
        ['another context', { context: { amount: '40.00 EUR', payee: 'Acme' } }],
        ['no context', {}],
      ])('ends the previous code when the new one is for %s', async (_, next) => {
        const email = newEmail();
        await generate({ email, context });
        const first = await app.code(email);
        await ageWhenSent(200);
        await generate({ email, ...next });
        for (const attempted of [{ context }, next])
          expect(await problemOf('/otp/verify', { email, ...attempted, otp: first })).toMatchObject({
            code: 'otp_invalid',
          });
        await app.post('/otp/verify', { email, ...next, otp: await app.code(email, 2) }).expect(200);
      });

      it('does not bring back a code that was used', async () => {
        const email = newEmail();
        await generate({ email });
        const first = await app.code(email);
        await app.post('/otp/verify', { email, otp: first }).expect(200);
        await generate({ email });
        expect(await problemOf('/otp/verify', { email, otp: first })).toMatchObject({ code: 'otp_invalid' });
      });

      it('accepts the previous sign-in code', async () => {
        const email = newEmail();
        await app.post('/auth/send_otp', { email }).expect(201);
        const first = await app.code(email);
        await ageWhenSent(200);
        await app.post('/auth/send_otp', { email }).expect(201);
        await app.code(email, 2);
        await app.post('/auth/verify_otp', { email, otp: first }).expect(201);
      });
    });

    it('repeats the code from /otp/generate and keeps the number of used attempts', async () => {
      const email = newEmail();
      await generate({ email });
      const otp = await app.code(email);
      await app.post('/otp/verify', { email, otp: wrongCode(otp) }).expect(400);
      await ageWhenSent(61);
      expect(await generate({ email })).toMatchObject({ attemptsLeft: 2 });
      expect(await app.code(email, 2)).toBe(otp);
      await app.post('/otp/verify', { email, otp }).expect(200);
    });

    it('returns 429 with Retry-After inside the cooldown and changes nothing', async () => {
      const email = newEmail();
      const { id } = await generate({ email });
      for (const path of ['/otp/generate', '/otp/resend']) {
        const reply = await app.post(path, { email }).expect(429);
        expect(reply.body).toMatchObject({ code: 'otp_cooldown' });
        expect(reply.headers['retry-after']).toBe(String(reply.body.retryAfter));
        expect(reply.body.retryAfter).toBeGreaterThan(50);
        expect(reply.body.retryAfter).toBeLessThanOrEqual(60);
      }
      await app.get(`/otp/challenges/${id}`).expect(200);
      expect(await storedChallenge(email)).toMatchObject({ messages: 1 });
      await ageWhenSent(60);
      await app.post('/otp/resend', { email }).expect(200);
    });

    it('allows a new challenge at once after a successful verification', async () => {
      const email = newEmail();
      await generate({ email });
      await app.post('/otp/verify', { email, otp: await app.code(email) }).expect(200);
      expect(await problemOf('/otp/resend', { email })).toMatchObject({ code: 'otp_not_found' });
      expect(await generate({ email })).toMatchObject({ attemptsLeft: 3 });
      await app.post('/otp/verify', { email, otp: await app.code(email, 2) }).expect(200);
    });

    it('returns otp_not_found when no code was requested', async () => {
      expect(await problemOf('/otp/resend', { email: newEmail() })).toMatchObject({
        code: 'otp_not_found',
      });
      expect(await problemOf('/otp/verify', { email: newEmail(), otp: '123456' })).toMatchObject({
        code: 'otp_not_found',
      });
    });
  });

  describe('guessing', () => {
    it('ends a code after three wrong guesses, and a new code keeps the failures', async () => {
      const email = newEmail();
      await generate({ email });
      const otp = await app.code(email);
      for (const attemptsLeft of [2, 1, 0])
        expect(await problemOf('/otp/verify', { email, otp: wrongCode(otp) })).toMatchObject({
          code: 'otp_invalid',
          attemptsLeft,
        });
      expect(await problemOf('/otp/verify', { email, otp })).toMatchObject({
        code: 'otp_attempts_exhausted',
      });
      expect(await storedChallenge(email)).toMatchObject({ attempts: 3, failures: 3, wiped: true });

      // A code without guesses left can be replaced at once.
      expect(await generate({ email })).toMatchObject({ attemptsLeft: 3 });
      const nextCode = await app.code(email, 2);
      expect(await problemOf('/otp/verify', { email, otp: wrongCode(nextCode) })).toMatchObject({
        attemptsLeft: 2,
      });
      expect(await storedChallenge(email)).toMatchObject({ attempts: 1, failures: 4 });
      await app.post('/otp/verify', { email, otp: nextCode }).expect(200);
      expect(await storedChallenge(email)).toMatchObject({ failures: 0, wiped: true });
    });

    it('asks for a proof of work at one purpose for a day after twenty wrong guesses', async () => {
      const email = newEmail();
      await generate({ email });
      const otp = await app.code(email);
      await app.post('/otp/verify', { email, otp: wrongCode(otp) }).expect(400);
      await app.sql('update challenges set failures = 19 where recipient = $1', [`email:${email}`]);
      await app.post('/otp/verify', { email, otp: wrongCode(otp) }).expect(400);

      const refused = await app.post('/otp/verify', { email, otp }).expect(403);
      expect(refused.body).toMatchObject({ code: 'proof_of_work_required' });
      await ageWhenSent(61);
      await generate({ email });
      expect(await problemOf('/otp/verify', { email, otp })).toMatchObject({
        code: 'proof_of_work_required',
      });
      const purpose = 'another_way';
      await generate({ email, purpose });
      await app.post('/otp/verify', { email, purpose, otp: await app.code(email, 3) }).expect(200);

      await ageWhenSent(86_400);
      await generate({ email });
      await app.post('/otp/verify', { email, otp: await app.code(email, 4) }).expect(200);
    });

    it('limits an address to six messages a day over all purposes without a proof of work', async () => {
      const email = newEmail();
      for (let count = 1; count <= 3; count++) {
        await generate({ email });
        await generate({ email, purpose: 'another_way' });
        await ageWhenSent(61);
      }
      for (const purpose of ['verification', 'another_way', 'a_third_way']) {
        const reply = await app.post('/otp/generate', { email, purpose }).expect(403);
        expect(reply.body).toMatchObject({ code: 'proof_of_work_required' });
      }
      expect(await problemOf('/auth/send_otp', { email })).toMatchObject({
        code: 'proof_of_work_required',
      });
      await ageWhenSent(86_400);
      await generate({ email });
    });

    it('rejects a code after five minutes', async () => {
      const email = newEmail();
      await generate({ email });
      const otp = await app.code(email);
      await ageWhenSent(300);
      expect(await problemOf('/otp/verify', { email, otp })).toMatchObject({ code: 'otp_expired' });
      expect(await storedChallenge(email)).toMatchObject({ attempts: 0 });
    });

    it.each<[string, (otp: string) => unknown]>([
      ['a dot inside', (otp) => `${otp.slice(0, 3)}.${otp.slice(3)}`],
      ['a comma inside', (otp) => `${otp.slice(0, 3)},${otp.slice(3)}`],
      ['a slash inside', (otp) => `${otp.slice(0, 3)}/${otp.slice(3)}`],
      ['an underscore', (otp) => `${otp}_`],
      ['a letter', (otp) => `G-${otp}`],
      ['a NUL', (otp) => `${otp}\u0000`],
      ['superscript digits', (otp) => otp.replace(/./g, '\u00b2')],
      ['65 characters', (otp) => otp.padStart(65)],
      ['a number', (otp) => Number(otp)],
      ['an exponent', (otp) => `${otp}e0`],
      ['a fraction', (otp) => `${otp}.0`],
      ['a sign', (otp) => `+${otp}`],
      ['a list', (otp) => [otp]],
      ['an object', (otp) => ({ $eq: otp })],
      ['true', () => true],
      ['null', () => null],
      ['an empty string', () => ''],
      ['eleven digits', (otp) => `00000${otp}`],
      ['an extra digit', (otp) => `${otp}0`],
      ['an extra leading zero', (otp) => `0${otp}`],
      ['a missing digit', (otp) => otp.slice(0, 5)],
      ['a missing digit between blanks', (otp) => ` ${otp.slice(1)} `],
      ['four digits', (otp) => otp.slice(0, 4)],
    ])('rejects a malformed code without counting an attempt: %s', async (_, malform) => {
      const email = newEmail();
      await generate({ email });
      const otp = await app.code(email);
      const { code } = await problemOf('/otp/verify', { email, otp: malform(otp) });
      expect(code).toBe('validation_failed');
      expect(await storedChallenge(email)).toMatchObject({ attempts: 0, wiped: false });
      await app.post('/otp/verify', { email, otp }).expect(200);
      expect(await problemOf('/otp/verify', { email, otp: malform(otp) })).toMatchObject({ code });
      expect(await problemOf('/otp/verify', { email, otp })).toMatchObject({
        code: 'otp_not_found',
      });
    });
  });

  describe('binding to purpose and address', () => {
    it('rejects a code for another purpose and still accepts the right codes', async () => {
      const email = newEmail();
      const purposes = ['verification', 'checkout', 'delivery'];
      const codes = new Map<string, string>();
      for (const [index, purpose] of purposes.entries()) {
        await generate({ email, purpose });
        codes.set(purpose, await app.code(email, index + 1));
      }
      await app.post('/auth/send_otp', { email }).expect(201);
      const loginCode = await app.code(email, 4);

      for (const otp of [codes.get('checkout'), loginCode])
        expect(await problemOf('/otp/verify', { email, otp })).toMatchObject({
          code: 'otp_invalid',
        });
      expect(await problemOf('/auth/verify_otp', { email, otp: codes.get('verification') })).toMatchObject({
        code: 'otp_invalid',
      });
      for (const purpose of purposes)
        await app.post('/otp/verify', { email, purpose, otp: codes.get(purpose) }).expect(200);
      await app.post('/auth/verify_otp', { email, otp: loginCode }).expect(201);
    });

    it('rejects a code for a purpose without a challenge and keeps it valid', async () => {
      const email = newEmail();
      await app.post('/auth/send_otp', { email }).expect(201);
      const otp = await app.code(email);
      expect(await problemOf('/otp/verify', { email, otp })).toMatchObject({
        code: 'otp_not_found',
      });
      await app.post('/auth/verify_otp', { email, otp }).expect(201);
    });

    it('rejects a code for another address and still accepts both right codes', async () => {
      const [ada, eve] = [newEmail(), newEmail()];
      await generate({ email: ada });
      await generate({ email: eve });
      const codes = { ada: await app.code(ada), eve: await app.code(eve) };
      expect(await problemOf('/otp/verify', { email: eve, otp: codes.ada })).toMatchObject({
        code: 'otp_invalid',
      });
      expect(await problemOf('/otp/verify', { email: newEmail(), otp: codes.ada })).toMatchObject({
        code: 'otp_not_found',
      });
      expect(await storedChallenge(ada)).toMatchObject({ attempts: 0 });
      await app.post('/otp/verify', { email: ada, otp: codes.ada }).expect(200);
      await app.post('/otp/verify', { email: eve, otp: codes.eve }).expect(200);
    });

    it('finds a challenge by every spelling of its address', async () => {
      await generate({ phone_number: '+91 94450-12345' });
      const otp = await app.code('+919445012345');
      expect(await problemOf('/otp/generate', { phone_number: '00919445012345' })).toMatchObject({
        code: 'otp_cooldown',
      });
      await app.post('/otp/verify', { phone_number: 'whatsapp:+91 (0) 94450 12345', otp }).expect(200);

      await generate({ email: 'Ada@BÜCHER.de' });
      const emailCode = await app.code('ada@xn--bcher-kva.de');
      await app.post('/otp/verify', { email: 'ada@xn--bcher-kva.de', otp: emailCode }).expect(200);
    });

    it.each([
      ['a tab and a line end', (email: string) => `\t${email}\r\n`],
      ['no-break spaces', (email: string) => `\u00a0${email}\u202f`],
      ['zero-width and direction marks', (email: string) => `\ufeff\u2068${email}\u2069\u200b`],
      ['mailto: in capitals', (email: string) => `MAILTO:${email}`],
      ['blanks and mailto:', (email: string) => ` mailto:${email}\n`],
    ])('counts an e-mail address with %s as the same recipient', async (_, spell) => {
      const email = newEmail();
      await generate({ email: spell(email) });
      const otp = await app.code(email);
      for (const spelling of [email, spell(email)])
        expect(await problemOf('/otp/generate', { email: spelling })).toMatchObject({ code: 'otp_cooldown' });
      expect(await problemOf('/otp/verify', { email, otp: wrongCode(otp) })).toMatchObject({
        attemptsLeft: 2,
      });
      expect(await problemOf('/otp/verify', { email: spell(email), otp: wrongCode(otp) })).toMatchObject({
        attemptsLeft: 1,
      });
      await app.post('/otp/verify', { email: spell(email), otp }).expect(200);
      expect(await problemOf('/otp/verify', { email, otp })).toMatchObject({ code: 'otp_not_found' });
    });

    it.each(INTERNAL_PURPOSES)('rejects the internal purpose %s in client requests', async (purpose) => {
      const email = newEmail();
      for (const path of ['/otp/generate', '/otp/resend'])
        expect(await problemOf(path, { email, purpose })).toMatchObject({
          code: 'otp_purpose_refused',
        });
      expect(await problemOf('/otp/verify', { email, purpose, otp: '123456' })).toMatchObject({
        code: 'otp_purpose_refused',
      });
    });
  });

  describe('transaction approval', () => {
    const purpose = 'transaction';
    const context = { amount: '39.99 EUR', payee: 'Acme' };

    it('shows the context in the message and accepts it in any key order', async () => {
      const email = newEmail();
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
      ['the amount in another spelling', { amount: '39.990 EUR', payee: 'Acme' }],
      ['another currency', { amount: '39.99 USD', payee: 'Acme' }],
      ['another payee', { amount: '39.99 EUR', payee: 'Eve' }],
      ['an extra space', { amount: '39.99 EUR', payee: 'Acme ' }],
      ['a missing field', { amount: '39.99 EUR' }],
      ['an extra field', { amount: '39.99 EUR', payee: 'Acme', note: 'urgent' }],
      ['swapped values', { amount: 'Acme', payee: '39.99 EUR' }],
    ])('counts %s as a wrong guess', async (_, changedContext) => {
      const email = newEmail();
      await generate({ email, purpose, context });
      const otp = await app.code(email);
      expect(await problemOf('/otp/verify', { email, purpose, otp, context: changedContext })).toMatchObject({
        code: 'otp_invalid',
        attemptsLeft: 2,
      });
      await app.post('/otp/verify', { email, purpose, otp, context }).expect(200);
    });

    it('requires the context for sending and for verifying', async () => {
      const email = newEmail();
      for (const path of ['/otp/generate', '/otp/resend'])
        expect(await problemOf(path, { email, purpose })).toMatchObject({
          code: 'otp_context_required',
        });
      await generate({ email, purpose, context });
      const otp = await app.code(email);
      expect(await problemOf('/otp/verify', { email, purpose, otp })).toMatchObject({
        code: 'otp_context_required',
      });
      expect(await problemOf('/otp/verify', { email, otp })).toMatchObject({
        code: 'otp_not_found',
      });
      expect(await problemOf('/otp/verify', { email, purpose: 'verification', otp, context })).toMatchObject({
        code: 'otp_not_found',
      });
      await app.post('/otp/verify', { email, purpose, otp, context }).expect(200);
    });

    it('replaces the challenge for another transaction and rejects the old code', async () => {
      const email = newEmail();
      const { id } = await generate({ email, purpose, context });
      const otp = await app.code(email);
      const otherContext = { ...context, amount: '40.00 EUR' };
      expect(await problemOf('/otp/resend', { email, purpose, context: otherContext })).toMatchObject({
        code: 'otp_not_found',
      });
      await ageWhenSent(61);
      expect((await generate({ email, purpose, context: otherContext })).id).not.toBe(id);
      const nextCode = await app.code(email, 2);
      expect(await problemOf('/otp/verify', { email, purpose, otp, context })).toMatchObject({
        code: 'otp_invalid',
      });
      expect(await problemOf('/otp/verify', { email, purpose, otp: nextCode, context })).toMatchObject({
        code: 'otp_invalid',
      });
      await app.post('/otp/verify', { email, purpose, otp: nextCode, context: otherContext }).expect(200);
    });

    it('binds a code of the verification purpose to its context as well', async () => {
      const email = newEmail();
      await generate({ email, context });
      const otp = await app.code(email);
      expect(await problemOf('/otp/verify', { email, otp })).toMatchObject({ code: 'otp_invalid' });
      await app.post('/otp/verify', { email, otp, context }).expect(200);
    });
  });

  describe('status by id', () => {
    async function status(id: string): Promise<unknown> {
      return (await app.get(`/otp/challenges/${id}`).expect(200)).body;
    }

    it('changes from pending to approved and wipes the code', async () => {
      const email = newEmail();
      const { id } = await generate({ email });
      const otp = await app.code(email);
      await ageWhenSent(0);
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
      expect(await storedChallenge(email)).toMatchObject({ wiped: false });
      await app.post('/otp/verify', { email, otp }).expect(200);
      expect(await status(id)).toMatchObject({ status: 'approved', attemptsLeft: 0 });
      expect(await storedChallenge(email)).toMatchObject({ wiped: true });
      const sealedMessages = await app.sql(
        'select from messages where challenge_id = $1 and sealed is not null',
        [id],
      );
      expect(sealedMessages).toEqual([]);
    });

    it('changes to exhausted after the last guess and wipes the code', async () => {
      const email = newEmail();
      const { id } = await generate({ email });
      const otp = await app.code(email);
      await app.post('/otp/verify', { email, otp: wrongCode(otp) }).expect(400);
      expect(await status(id)).toMatchObject({ status: 'pending', attemptsLeft: 2 });
      for (let i = 0; i < 2; i++) await app.post('/otp/verify', { email, otp: wrongCode(otp) }).expect(400);
      expect(await status(id)).toMatchObject({ status: 'exhausted', attemptsLeft: 0 });
      expect(await storedChallenge(email)).toMatchObject({ wiped: true });
    });

    it('changes to expired at the end of its lifetime', async () => {
      const email = newEmail();
      const { id } = await generate({ email });
      await app.code(email);
      await ageWhenSent(299);
      expect(await status(id)).toMatchObject({ status: 'pending' });
      await ageWhenSent(1);
      expect(await status(id)).toMatchObject({ status: 'expired', attemptsLeft: 0 });
    });

    it('returns 404 for replaced and unknown challenges', async () => {
      const email = newEmail();
      const { id } = await generate({ email });
      await app.code(email);
      await ageWhenSent(200);
      const { id: nextId } = await generate({ email });
      expect(nextId).not.toBe(id);
      await app.get(`/otp/challenges/${nextId}`).expect(200);
      for (const unknownId of [
        id,
        '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001',
        'x',
        '1',
        "' or 1=1 --",
        '..%2f',
      ]) {
        const { body } = await app.get(`/otp/challenges/${encodeURIComponent(unknownId)}`).expect(404);
        expect(body).toMatchObject({ code: 'challenge_not_found' });
      }
    });

    it('reveals neither the code nor the full address', async () => {
      const phone_number = '+14155550177';
      const { id } = await generate({ phone_number });
      const otp = await app.code(phone_number);
      const { text } = await app.get(`/otp/challenges/${id}`).expect(200);
      expect(text).not.toContain(otp);
      expect(text).not.toContain('5550177');
    });
  });

  it('keeps codes and addresses out of the log', async () => {
    const { body } = await app.get('/inbox/messages').expect(200);
    const codes = (body as { text: string }[]).map(({ text }) => /\b\d{6}\b/.exec(text)?.[0] ?? '');
    expect(codes.length).toBeGreaterThan(emailCount / 2);
    const loggedNumbers = new Set(app.log.match(/\b\d{6}\b/g) ?? []);
    expect(codes.filter((code) => loggedNumbers.has(code))).toEqual([]);
    expect(app.log).not.toMatch(/somebody-\d|\+14155550177|919445012345/);
  });
});
