import { PASSWORD, signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { wrongCode } from '../support/wrong-code.js';

const inScript = (zero: number) => (otp: string) =>
  otp.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));

/** Other spellings of a code, which are read as the same code. */
const SPELLINGS: [string, (otp: string) => string][] = [
  ['a line end behind it', (otp) => `${otp}\r\n`],
  ['no-break spaces', (otp) => `\u00a0${otp.slice(0, 3)}\u00a0${otp.slice(3)}`],
  ['a number sign and a dash', (otp) => `#${otp.slice(0, 3)}\u2013${otp.slice(3)}`],
  ['zero-width and direction marks', (otp) => `\u200b\u2068${otp}\u2069\ufeff`],
  ['full-width digits', inScript(0xff10)],
  ['Persian digits', inScript(0x6f0)],
];

/** Texts that cannot be a code. */
const NOT_A_CODE: [string, (otp: string) => unknown][] = [
  ['dots', (otp) => `${otp.slice(0, 3)}.${otp.slice(3)}`],
  ['letters', (otp) => `code ${otp}`],
  ['superscript digits', (otp) => otp.replace(/./g, '\u00b2')],
  ['a missing digit', (otp) => otp.slice(1)],
  ['an extra digit', (otp) => `${otp}0`],
  ['more than 64 characters', (otp) => otp.padStart(65)],
  ['a fraction', (otp) => Number(otp) + 0.5],
];

interface Route {
  /** Sends a code to the address. */
  request: (email: string) => Promise<unknown>;
  /** Sends the code back. */
  verify: (email: string, otp: unknown) => PromiseLike<{ status: number; body: unknown }>;
}

describe('spellings of codes', () => {
  let app: TestApp;
  let emailCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', OTP_LENGTH: '6' });
  });
  afterAll(() => app?.stop());

  const registration = (path: string): Route => ({
    request: async (email) => app.post('/auth/register', { email, password: PASSWORD }).expect(201),
    verify: (email, otp) => app.post(path, { email, otp }),
  });

  const ROUTES: Record<string, () => Route | Promise<Route>> = {
    'POST /otp/verify': () => ({
      request: async (email) => app.post('/otp/generate', { email }).expect(200),
      verify: (email, otp) => app.post('/otp/verify', { email, otp }),
    }),
    'POST /auth/verify_otp': () => ({
      request: async (email) => app.post('/auth/send_otp', { email }).expect(201),
      verify: (email, otp) => app.post('/auth/verify_otp', { email, otp }),
    }),
    'POST /auth/verify': () => registration('/auth/verify'),
    'POST /api/verify': () => registration('/api/verify'),
    'PATCH /auth/reset': () => ({
      request: async (email) => {
        await signUp(app, email);
        await app.post('/auth/forgot', { email }).expect(202);
      },
      verify: (email, otp) => app.patch('/auth/reset', { email, otp, password: `${PASSWORD} again` }),
    }),
    'POST /users/me/contact/verify': async () => {
      const person = await signUp(app, `owner-${++emailCount}@example.com`);
      return {
        request: async (email) => person.patch('/users/me', { email }).expect(200),
        verify: (email, otp) => person.post('/users/me/contact/verify', { email, otp }),
      };
    },
  };
  const NAMES = Object.keys(ROUTES);
  /** Under /api a shorter code gets its leading zeros back, so it is a guess. */
  const STRICT = NAMES.filter((name) => name !== 'POST /api/verify');

  /** Requests a code for a new address. */
  async function start(name: string) {
    const { request, verify } = (await ROUTES[name]?.()) as Route;
    const email = `somebody-${++emailCount}@example.com`;
    const { otp } = await app.codeOf(email, () => request(email));
    return { email, otp, send: (code: unknown) => verify(email, code) };
  }

  const attempts = async (email: string) => {
    const rows = await app.sql<{ attempts: number }>(
      'select attempts from challenges where recipient = $1 and consumed_at is null',
      [`email:${email}`],
    );
    return rows.map((row) => row.attempts);
  };

  it.each(NAMES.flatMap((name) => SPELLINGS.map(([what, spell]) => [name, what, spell] as const)))(
    '%s accepts a code with %s, once',
    async (name, _, spell) => {
      const { otp, send } = await start(name);
      const { status } = await send(spell(otp));
      expect([200, 201]).toContain(status);
      for (const [, otherSpelling] of SPELLINGS.slice(0, 2)) {
        const second = await send(otherSpelling(otp));
        expect(second).toMatchObject({ status: 404, body: { code: 'otp_not_found' } });
      }
    },
  );

  it.each(NAMES)('%s counts a wrong code once, in any spelling', async (name) => {
    const { email, otp, send } = await start(name);
    const reply = await send(` #${inScript(0x660)(wrongCode(otp))}`);
    expect(reply).toMatchObject({ status: 400, body: { code: 'otp_invalid', attemptsLeft: 2 } });
    expect(await attempts(email)).toEqual([1]);
  });

  it.each(STRICT)('%s refuses what cannot be a code and counts no attempt', async (name) => {
    const { email, otp, send } = await start(name);
    for (const [what, spell] of NOT_A_CODE) {
      const { status, body } = await send(spell(otp));
      expect({ what, status, body }).toMatchObject({
        what,
        status: 400,
        body: { code: 'validation_failed', errors: [{ field: 'otp' }] },
      });
    }
    expect(await attempts(email)).toEqual([0]);
    expect([200, 201]).toContain((await send(otp)).status);
  });

  it.each(STRICT)('%s refuses a code of another length whether or not there is a challenge', async (name) => {
    const { verify } = (await ROUTES[name]?.()) as Route;
    const { otp, send } = await start(name);
    const withoutIds = ({ status, body }: { status: number; body: unknown }) => ({
      status,
      body: { ...(body as object), requestId: '' },
    });
    const unknown = withoutIds(await verify('nobody@example.com', otp.slice(1)));
    expect(withoutIds(await send(otp.slice(1)))).toEqual(unknown);
    expect(unknown.status).toBe(400);
  });
});
