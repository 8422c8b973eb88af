import { PASSWORD, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

interface Problem {
  code: string;
  detail: string;
  errors: { field: string; detail: string }[];
}

/** One refused value: the field, the value, and the code if the body has no other fault. */
type Fault = [field: string, value: unknown, code: string];

const STRUCTURAL = 'validation_failed';

const emailFaults: Fault[] = [
  ['email', 'ada@example', 'email_invalid'],
  ['email', 5, STRUCTURAL],
  ['email', `${'a'.repeat(250)}@example.com`, STRUCTURAL],
];
const phoneFaults = (field: string): Fault[] => [
  [field, '+1234567890', 'phone_invalid'],
  [field, '(415) 555-0123', 'phone_country_unknown'],
  [field, '+919445012345', 'country_not_allowed'],
  [field, ['+14155550123'], STRUCTURAL],
  [field, '1'.repeat(65), STRUCTURAL],
];
const passwordFaults: Fault[] = [
  ['password', 'short', 'password_refused'],
  ['password', 'Password1!', 'password_refused'],
  ['password', 12345678, STRUCTURAL],
];
const otpFaults: Fault[] = [
  ['otp', '12345', STRUCTURAL],
  ['otp', '12.34.56', STRUCTURAL],
  ['otp', 123456, STRUCTURAL],
];
const purposeFaults: Fault[] = [
  ['purpose', 'login', 'otp_purpose_refused'],
  ['purpose', 'Not A Purpose', STRUCTURAL],
];
const channelFaults: Fault[] = [['channel', 'fax', STRUCTURAL]];
const otherFaults: Fault[] = [
  ['isAdmin', true, STRUCTURAL],
  ['constructor', {}, STRUCTURAL],
];
const nameFaults: Fault[] = [['firstName', '<b>', STRUCTURAL]];
const localeFaults: Fault[] = [['locale', '?', STRUCTURAL]];

interface Route {
  /** A body without faults. Its one address is replaced by a fault of the other kind. */
  valid: Record<string, unknown>;
  /** Faults of different fields. */
  faults: Fault[][];
}

const otpRoute = (kind: 'email' | 'phone_number', extra: Fault[][], more: object = {}): Route => ({
  valid: { ...(kind === 'email' ? { email: 'ada@example.com' } : { phone_number: '+14155550123' }), ...more },
  faults: [kind === 'email' ? emailFaults : phoneFaults(kind), purposeFaults, otherFaults, ...extra],
});
const signInRoute = (kind: 'email' | 'phone', extra: Fault[][], more: object = {}): Route => ({
  valid: { ...(kind === 'email' ? { email: 'ada@example.com' } : { phone: '+14155550123' }), ...more },
  faults: [kind === 'email' ? emailFaults : phoneFaults(kind), otherFaults, ...extra],
});
const otp = { otp: '123456' };

const ROUTES: [string, Route][] = [
  [
    'POST /auth/register',
    {
      valid: { email: 'ada@example.com', phone: '+14155550123', password: PASSWORD },
      faults: [emailFaults, phoneFaults('phone'), passwordFaults, nameFaults, localeFaults, otherFaults],
    },
  ],
  [
    'PATCH /users/me',
    {
      valid: { email: 'ada@example.com', phone: '+14155550123', password: PASSWORD },
      faults: [emailFaults, phoneFaults('phone'), passwordFaults, nameFaults, otherFaults],
    },
  ],
  [
    'PATCH /auth/reset',
    {
      valid: { email: 'ada@example.com', password: PASSWORD, ...otp },
      faults: [emailFaults, passwordFaults, otpFaults, otherFaults],
    },
  ],
  ['POST /auth/send_otp', signInRoute('email', [channelFaults, localeFaults])],
  ['POST /auth/send_otp', signInRoute('phone', [channelFaults, localeFaults])],
  ['POST /auth/verify_otp', signInRoute('email', [otpFaults], otp)],
  ['POST /auth/verify_otp', signInRoute('phone', [otpFaults], otp)],
  ['POST /auth/verify', signInRoute('email', [otpFaults], otp)],
  ['POST /users/me/contact/verify', signInRoute('email', [otpFaults], otp)],
  ['POST /users/me/contact/verify', signInRoute('phone', [otpFaults], otp)],
  ['POST /otp/generate', otpRoute('email', [channelFaults, localeFaults])],
  ['POST /otp/generate', otpRoute('phone_number', [channelFaults, localeFaults])],
  ['POST /otp/resend', otpRoute('email', [channelFaults])],
  ['POST /otp/resend', otpRoute('phone_number', [channelFaults])],
  ['POST /otp/verify', otpRoute('email', [otpFaults], otp)],
  ['POST /otp/verify', otpRoute('phone_number', [otpFaults], otp)],
];

/** Every pair of faults of two different fields. */
function pairs(faults: Fault[][]): [Fault, Fault][] {
  return faults.flatMap((group, index) =>
    faults
      .slice(index + 1)
      .flatMap((other) => group.flatMap((a) => other.map((b): [Fault, Fault] => [a, b]))),
  );
}

describe('a body with several faults', () => {
  let app: TestApp;
  let person: Person;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', SMS_ALLOWED_COUNTRIES: 'US' });
    person = await signUp(app, 'owner@example.com');
  });
  afterAll(() => app?.stop());

  async function refusal(route: string, body: object): Promise<Problem> {
    const [method, path = ''] = route.split(' ');
    const client = path.startsWith('/users/me') ? person : app;
    const reply = await (method === 'PATCH' ? client.patch(path, body) : client.post(path, body));
    expect({ route, body, status: reply.status }).toEqual({ route, body, status: 400 });
    return reply.body as Problem;
  }

  const bodyWith = (valid: object, faults: Fault[]) => ({
    ...valid,
    ...Object.fromEntries(faults.map(([field, value]) => [field, value])),
  });
  const fieldsOf = ({ errors }: Problem) => errors.map(({ field }) => field).sort();

  it.each(ROUTES)('%s reports one fault with its own code', async (route, { valid, faults }) => {
    for (const fault of faults.flat()) {
      const problem = await refusal(route, bodyWith(valid, [fault]));
      expect({ fault, code: problem.code, fields: fieldsOf(problem) }).toEqual({
        fault,
        code: fault[2],
        fields: [fault[0]],
      });
    }
  });

  it.each(ROUTES)('%s names both fields of every pair of faults', async (route, { valid, faults }) => {
    for (const pair of pairs(faults)) {
      const problem = await refusal(route, bodyWith(valid, pair));
      expect({ pair, code: problem.code, fields: fieldsOf(problem) }).toEqual({
        pair,
        code: 'validation_failed',
        fields: pair.map(([field]) => field).sort(),
      });
      for (const { detail } of problem.errors) expect(problem.detail).toContain(detail);
    }
  });

  it.each(ROUTES)('%s names every field when all are refused', async (route, { valid, faults }) => {
    for (const pick of [0, 1, -1]) {
      const all = faults.map((group) => group.at(pick) ?? (group[0] as Fault));
      const problem = await refusal(route, bodyWith(valid, all));
      expect(problem.code).toBe('validation_failed');
      expect(fieldsOf(problem)).toEqual(all.map(([field]) => field).sort());
    }
  });

  it.each([
    ['POST /otp/verify', {}, ['email', 'otp', 'phone_number']],
    ['POST /otp/generate', { purpose: 'login' }, ['email', 'phone_number', 'purpose']],
    ['POST /otp/generate', { email: 'ada@example', purpose: 'transaction' }, ['context', 'email']],
    ['POST /otp/generate', { email: 'ada@example', channel: 'sms' }, ['channel', 'email']],
    ['POST /otp/generate', { phone_number: '+1234567890', channel: 'email' }, ['channel', 'phone_number']],
    ['POST /otp/generate', { phone_number: '+1234567890', email: 'ada@example' }, ['email', 'phone_number']],
    ['POST /auth/send_otp', { phone: '+14155550123', email: 'ada@example' }, ['email', 'phone']],
    ['POST /auth/send_otp', { x: 1 }, ['email', 'phone', 'x']],
    ['POST /auth/verify_otp', { otp: '12345' }, ['email', 'otp', 'phone']],
    ['POST /users/me/contact/verify', {}, ['email', 'otp', 'phone']],
    [
      'POST /auth/register',
      { email: 'moonwalker@example.com', phone: '1', password: 'moonwalker77' },
      ['password', 'phone'],
    ],
    [
      'POST /auth/register',
      { email: 'a@example.com', username: 'moonwalker', password: 'moonwalker77', x: 1 },
      ['password', 'x'],
    ],
    ['PATCH /auth/reset', { token: 5, password: 'short' }, ['password', 'token']],
    ['PATCH /auth/reset', { token: 'unknown', password: 'short', x: 1 }, ['password', 'x']],
  ])('%s with %j names every field', async (route, body, fields) => {
    const problem = await refusal(route, body);
    expect(problem.code).toBe('validation_failed');
    expect(fieldsOf(problem)).toEqual(fields);
  });

  it('is refused in the same way whether or not the address has an account', async () => {
    for (const [route, body] of [
      ['POST /auth/register', { phone: '1', password: 'short' }],
      ['PATCH /auth/reset', { otp: '12345', password: 'short' }],
      ['POST /auth/verify', { otp: '12345', x: 1 }],
    ] as const) {
      const known = await refusal(route, { ...body, email: 'owner@example.com' });
      const unknown = await refusal(route, { ...body, email: 'nobody@example.com' });
      expect({ ...known, requestId: '' }).toEqual({ ...unknown, requestId: '' });
    }
  });

  it('stores and sends nothing', async () => {
    const count = () =>
      app.sql(
        'select (select count(*) from messages) as messages, (select count(*) from registrations) as rows',
      );
    const before = await count();
    for (const [route, { valid, faults }] of ROUTES)
      await refusal(
        route,
        bodyWith(
          valid,
          faults.map((group) => group[0] as Fault),
        ),
      );
    expect(await count()).toEqual(before);
  });
});
