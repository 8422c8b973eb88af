import type { Challenge } from 'altcha-lib';
import { signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { solve, solveProblem, withProof } from '../support/proof.js';
import { wrongCode } from '../support/wrong-code.js';

const HOUR = 3_600;
const DAY = 24 * HOUR;

interface Asked {
  code: string;
  proofOfWork: Challenge;
}

describe('proof of work', () => {
  let app: TestApp;
  let count = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', TRUST_PROXY: 'loopback' });
  });
  afterAll(() => app?.stop());

  const newEmail = () => `somebody-${++count}@example.com`;
  const levelOf = (problem: object) => (problem as Asked).proofOfWork.parameters.data?.level;

  /** Counts messages to a recipient that nobody sent. */
  const countMessages = (key: string, messages: number) =>
    app.sql(
      `insert into budget_counters (key, day_sent) values ($1, $2)
       on conflict (key) do update set day_sent = excluded.day_sent`,
      [`to:${key}`, messages],
    );

  /** The challenge for the next message to an address that got its six free ones. */
  async function askFor(email: string, ip = '192.0.2.1'): Promise<Challenge> {
    const { body } = await generate(email, {}, ip).expect(403);
    expect(body).toMatchObject({ code: 'proof_of_work_required', status: 403 });
    return (body as Asked).proofOfWork;
  }

  const generate = (email: string, proof: object = {}, ip = '192.0.2.1') =>
    app.post('/otp/generate', { email, ...proof }).set('x-forwarded-for', ip);

  describe('for a message', () => {
    let email: string;
    beforeEach(async () => {
      email = newEmail();
      await countMessages(`email:${email}`, 6);
    });

    it('accepts the solution of the challenge in the reply', async () => {
      const proofOfWork = await solve(await askFor(email));
      const { body } = await generate(email, { proofOfWork }).expect(200);
      expect(body).toMatchObject({ challenge: { attemptsLeft: 3 } });
      await app.post('/otp/verify', { email, otp: await app.code(email) }).expect(200);
    });

    it('accepts it from another address of the same network', async () => {
      const proofOfWork = await solve(await askFor(email, '198.51.100.7'));
      await generate(email, { proofOfWork }, '198.51.100.99').expect(200);
    });

    it.each([
      ['that was used', (used: string) => used],
      ['for another recipient', async () => solve(await askForAnother())],
      ['for another network', async () => solve(await askFor(email, '203.0.113.1'))],
      ['that is no Base64', () => '%'],
      ['that is empty', () => ''],
      ['that is JSON without a challenge', () => Buffer.from('{}').toString('base64')],
      ['of the greatest length', () => 'A'.repeat(2_048)],
    ])('answers a proof %s with a new challenge', async (_, makeProof) => {
      const used = await solve(await askFor(email));
      await generate(email, { proofOfWork: used }).expect(200);
      await app.ageWhenSent(61);
      const proofOfWork = await makeProof(used);
      const { body } = await generate(email, { proofOfWork }).expect(403);
      expect(body).toMatchObject({ code: 'proof_of_work_required' });
      await generate(email, { proofOfWork: await solveProblem(body as object) }).expect(200);
    });

    async function askForAnother(): Promise<Challenge> {
      const other = newEmail();
      await countMessages(`email:${other}`, 6);
      return askFor(other);
    }

    it.each([7, null, true, {}, [], 'A'.repeat(2_049)])(
      'rejects a field of another type or length (%#)',
      async (proofOfWork) => {
        for (const path of ['/otp/generate', '/auth/send_otp', '/auth/forgot']) {
          const { body } = await app.post(path, { email, proofOfWork }).expect(400);
          expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field: 'proofOfWork' }] });
        }
      },
    );

    it('asks for more work with each step, and does not accept the work of an earlier one', async () => {
      const levels: unknown[] = [];
      const easy = await solve(await askFor(email));
      for (const sent of [6, 10, 14, 17]) {
        await countMessages(`email:${email}`, sent);
        const { body } = await generate(email).expect(403);
        levels.push(levelOf(body as object));
      }
      expect(levels).toEqual([1, 2, 3, 4]);
      const { body } = await generate(email, { proofOfWork: easy }).expect(403);
      expect(levelOf(body as object)).toBe(4);
      await countMessages(`email:${email}`, 20);
      const { body: refused } = await generate(email, { proofOfWork: easy }).expect(429);
      expect(refused).toMatchObject({ code: 'otp_send_limit' });
    });

    it('tells nobody to solve a proof of work and then to wait', async () => {
      const proofOfWork = await solve(await askFor(email));
      await generate(email, { proofOfWork }).expect(200);
      const { body } = await generate(email).expect(429);
      expect(body).toMatchObject({ code: 'otp_cooldown' });
      await countMessages(`email:${email}`, 20);
      expect((await generate(email).expect(429)).body).toMatchObject({ code: 'otp_cooldown' });
      const { body: unknown } = await app.post('/otp/resend', { email, purpose: 'other' }).expect(404);
      expect(unknown).toMatchObject({ code: 'otp_not_found' });
    });

    it('sends to one of several addresses only if it sends to all, with one proof', async () => {
      const person = await signUp(app, newEmail());
      const phone = '+14155550199';
      await countMessages(`phone:${phone}`, 6);
      const change = { email: newEmail(), phone };
      const { body } = await person.patch('/users/me', change).expect(403);
      expect(await app.messages(change.email)).toEqual([]);
      const proofOfWork = await solveProblem(body as object);
      const { body: changed } = await person.patch('/users/me', { ...change, proofOfWork }).expect(200);
      expect(changed).toMatchObject({ pending: [{ channel: 'email' }, { channel: 'sms' }] });
    });
  });

  describe('for a guess at a code', () => {
    it('judges ten more guesses after twenty, then one after each growing wait', async () => {
      const email = newEmail();
      const verify = (otp: string, proof: object = {}) => app.post('/otp/verify', { email, otp, ...proof });
      let messages = 0;
      /** A new code, whatever the budget of messages says. */
      const newCode = async () => {
        await app.sql(`delete from budget_counters where key = $1`, [`to:email:${email}`]);
        await generate(email).expect(200);
        return app.code(email, ++messages);
      };

      let otp = await newCode();
      await app.sql('update challenges set failures = 20, failures_since = now() where recipient = $1', [
        `email:${email}`,
      ]);
      const { body: asked } = await verify(otp).expect(403);
      expect(levelOf(asked as object)).toBe(2);
      for (let guess = 1; guess <= 10; guess++) {
        const { body } = await withProof((proof) => verify(wrongCode(otp), proof));
        expect(body).toMatchObject({ code: 'otp_invalid' });
        // A code without guesses left is replaced at once.
        if (guess % 3 === 0) otp = await newCode();
      }

      for (const hours of [1, 2]) {
        const { body, headers } = await verify(otp).expect(429);
        expect(body).toMatchObject({ code: 'otp_guess_limit' });
        const wait = Number(headers['retry-after']);
        expect(wait).toBeGreaterThan(hours * HOUR - 60);
        expect(wait).toBeLessThanOrEqual(hours * HOUR);
        await app.ageWhenSent(wait - 30);
        otp = await newCode();
        await verify(otp).expect(429);
        await app.ageWhenSent(31);
        const { body: afterWait } = await verify(otp).expect(403);
        expect(levelOf(afterWait as object)).toBe(4);
        if (hours === 2) break;
        const proofOfWork = await solveProblem(afterWait as object);
        expect((await verify(wrongCode(otp), { proofOfWork })).body).toMatchObject({ code: 'otp_invalid' });
      }
      const right = await withProof((proof) => verify(otp, proof));
      expect(right.status).toBe(200);

      // The right code restores all guesses.
      otp = await newCode();
      await verify(wrongCode(otp)).expect(400);
      await verify(otp).expect(200);
    });

    it('sends no code to a phone while guesses have to wait, but mails it', async () => {
      for (const address of [{ email: newEmail() }, { phone_number: '+14155550198' }]) {
        const [kind, to] = 'email' in address ? ['email', address.email] : ['phone', address.phone_number];
        await app.post('/otp/generate', address).expect(200);
        await app.sql(
          `update challenges set failures = 32, failures_since = now(), failed_at = now(), resend_at = now()
           where recipient = $1`,
          [`${kind}:${to}`],
        );
        const { status, body } = await app.post('/otp/generate', address);
        expect([status, (body as Asked).code]).toEqual(
          kind === 'email' ? [200, undefined] : [429, 'otp_guess_limit'],
        );
      }
    });

    it('restores the free guesses a day after the first', async () => {
      const email = newEmail();
      await generate(email).expect(200);
      await app.sql(
        'update challenges set failures = 34, failures_since = now(), failed_at = now() where recipient = $1',
        [`email:${email}`],
      );
      await app.ageWhenSent(DAY);
      await generate(email).expect(200);
      const otp = await app.code(email, 2);
      await app.post('/otp/verify', { email, otp: wrongCode(otp) }).expect(400);
    });
  });

  it('is asked for at the eleventh guess at a password, and a recognised device is never asked', async () => {
    const { email, deviceToken } = await signUp(app, newEmail());
    const logIn = (password: string, more: object = {}) =>
      app.post('/auth/login', { email, password, ...more });
    for (let guess = 1; guess <= 10; guess++) await logIn('never the password').expect(401);
    const { body } = await logIn('never the password').expect(403);
    expect(levelOf(body as object)).toBe(1);
    await logIn('never the password').set('x-device-token', deviceToken).expect(401);
    const proofOfWork = await solveProblem(body as object);
    // The device's guess raised the level.
    const { body: harder } = await logIn('never the password', { proofOfWork }).expect(403);
    expect(levelOf(harder as object)).toBe(2);
    await logIn('never the password', { proofOfWork: await solveProblem(harder as object) }).expect(401);
  });

  it('is documented for every route that sends a code or takes a code or a password', async () => {
    const { body } = await app.get('/openapi.json').expect(200);
    const { paths, components } = body as OpenApi;
    const documented = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { requestBody, responses }]) => {
        const schema = requestBody?.content['application/json']?.schema.$ref?.split('/').at(-1) ?? '';
        const { properties, oneOf: [variant] = [] } = components.schemas[schema] ?? {};
        if (!(properties ?? variant?.properties)?.proofOfWork) return [];
        const { proof_of_work_required: example } =
          responses['403']?.content['application/problem+json'].examples ?? {};
        expect([path, example?.value]).toEqual([
          path,
          expect.objectContaining({
            proofOfWork: { parameters: expect.any(Object), signature: expect.any(String) },
          }),
        ]);
        return `${method} ${path}`;
      }),
    );
    expect(documented.sort()).toEqual([
      'patch /api/reset',
      'patch /auth/reset',
      'patch /users/me',
      'post /api/login',
      'post /api/register',
      'post /api/verify',
      'post /auth/forgot',
      'post /auth/login',
      'post /auth/register',
      'post /auth/send_otp',
      'post /auth/verify',
      'post /auth/verify_otp',
      'post /otp/generate',
      'post /otp/resend',
      'post /otp/verify',
      'post /users/me/contact/verify',
    ]);
  });
});

interface Schema {
  properties?: Record<string, unknown>;
}

interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema & { oneOf?: Schema[] }> };
}

interface Operation {
  requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
  responses: Record<
    string,
    { content: { 'application/problem+json': { examples: Record<string, { value: object }> } } }
  >;
}
