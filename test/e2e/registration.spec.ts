import { PASSWORD, Person, signUp, type SignedInReply } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

/** What two people give for the same address. */
const OWNER = {
  password: PASSWORD,
  username: 'ada',
  firstName: 'Ada',
  lastName: 'Lovelace',
  phone: '+14155550101',
};
const STRANGER = {
  password: 'velvet otters dance',
  username: 'eve',
  firstName: 'Eve',
  lastName: 'Nightshade',
  phone: '+14155550102',
};
const NOTHING = { username: null, firstName: null, lastName: null, phone: null, hasPassword: false };

type Opened = SignedInReply & { passwordRequired?: boolean };

/** What the account shows of it. */
function kept({ password: _, ...names }: typeof OWNER): object {
  return { ...names, hasPassword: true };
}

/** Another code of the same length. */
function wrong(code: string): string {
  return code.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));
}

describe('a registration', () => {
  let app: TestApp;
  let opening: TestApp;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
    opening = await TestApp.start({ BCRYPT_COST: '4', SIGN_UP_ON_VERIFY: 'true' });
  });
  afterAll(async () => {
    await app?.stop();
    await opening?.stop();
  });

  const somebody = () => `somebody-${++people}@example.com`;

  /** The code of the mail that it sends. */
  async function register(email: string, given: object, on = app): Promise<string> {
    const earlier = (await on.messages(email)).length;
    await on.post('/auth/register', { email, ...given }).expect(201);
    return on.code(email, earlier + 1);
  }

  /** One whose mail the cooldown refuses. */
  async function registerTooSoon(email: string, given: object): Promise<void> {
    const { body } = await app.post('/auth/register', { email, ...given }).expect(429);
    expect(body.code).toBe('otp_cooldown');
  }

  async function prove(email: string, otp: string, on = app): Promise<Opened> {
    const { body } = await on.post('/auth/verify', { email, otp }).expect(200);
    expect(body.VerificationStatus).toBe('approved');
    return body as Opened;
  }

  async function signInCode(email: string, on = app): Promise<string> {
    const earlier = (await on.messages(email)).length;
    await on.post('/auth/send_otp', { email }).expect(201);
    return on.code(email, earlier + 1);
  }

  async function byCode(address: object, otp: string, on = app): Promise<Partial<Opened>> {
    return (await on.post('/auth/verify_otp', { ...address, otp }).expect(201)).body as Partial<Opened>;
  }

  async function refusal(email: string, password: string, on = app): Promise<string> {
    const { status, body } = await on.post('/auth/login', { email, password });
    return `${status} ${(body as { code?: string }).code}`;
  }

  const users = (email: string, on = app) => on.sql<object>('select * from users where email = $1', [email]);
  const registrations = (email: string, on = app) =>
    on.sql<object>('select * from registrations where email = $1', [email]);

  const WRONG = '401 invalid_credentials';

  describe('of one address by two people (PA)', () => {
    /** The account that the code opens belongs to whoever reads the mail, with nothing that either gave. */
    async function expectContested(email: string, otp: string): Promise<void> {
      const opened = await prove(email, otp);
      expect(opened).toMatchObject({ passwordRequired: true, user: { email, ...NOTHING } });
      for (const { password } of [OWNER, STRANGER]) expect(await refusal(email, password)).toBe(WRONG);
    }

    it.each([
      ['the stranger', STRANGER, OWNER],
      ['the owner', OWNER, STRANGER],
    ])('keeps nothing of either when %s comes first', async (_, first, second) => {
      const email = somebody();
      const otp = await register(email, first);
      await app.ageWhenSent(61);
      expect(await register(email, second)).toBe(otp);
      await expectContested(email, otp);
    });

    it.each([
      ['the stranger', STRANGER, OWNER],
      ['the owner', OWNER, STRANGER],
    ])('keeps nothing of either when the mail of the second is refused, %s being first', async (...row) => {
      const [, first, second] = row;
      const email = somebody();
      const otp = await register(email, first);
      await registerTooSoon(email, second);
      await expectContested(email, otp);
    });

    it.each(Object.keys(OWNER))('is contested by another %s alone, or by none', async (field) => {
      const other = { ...OWNER, [field]: STRANGER[field as keyof typeof STRANGER] };
      const none = { ...OWNER, [field]: undefined };
      for (const second of field === 'password' ? [other] : [other, none]) {
        const email = somebody();
        const otp = await register(email, OWNER);
        await registerTooSoon(email, second);
        await expectContested(email, otp);
      }
    });

    it('is contested whichever of two at once is first', async () => {
      const email = somebody();
      const given = [OWNER, STRANGER, OWNER, STRANGER];
      const replies = await Promise.all(given.map((one) => app.post('/auth/register', { email, ...one })));
      expect(replies.map(({ status }) => status).sort()).toEqual([201, 429, 429, 429]);
      await expectContested(email, await app.code(email));
    });

    it('stays contested, whoever registers again while a code lives', async () => {
      const email = somebody();
      await register(email, OWNER);
      await registerTooSoon(email, STRANGER);
      let otp = '';
      for (const given of [OWNER, OWNER, STRANGER]) {
        await app.ageWhenSent(200);
        otp = await register(email, given);
        await registerTooSoon(email, OWNER);
      }
      await expectContested(email, otp);
    });

    it.each([
      ['the stranger', [STRANGER]],
      ['both', [STRANGER, OWNER]],
    ])('counts alone once everything of %s has expired', async (_, [first, ...more]) => {
      const email = somebody();
      const old = await register(email, first ?? {});
      for (const given of more) await registerTooSoon(email, given);
      await app.ageWhenSent(361);
      expect((await app.post('/auth/verify', { email, otp: old }).expect(400)).body.code).toBe('otp_expired');

      const opened = await prove(email, await register(email, OWNER));
      expect(opened.passwordRequired).toBeUndefined();
      expect(opened.user).toMatchObject({ email, ...kept(OWNER) });
      expect(await refusal(email, STRANGER.password)).toBe(WRONG);
      await app.post('/auth/login', { email, password: OWNER.password }).expect(200);
    });

    it('is asked for a password by the session that the code opened', async () => {
      const email = somebody();
      const otp = await register(email, STRANGER);
      await registerTooSoon(email, OWNER);
      const owner = new Person(app, email, await prove(email, otp));
      await owner.patch('/auth/reset', { password: OWNER.password }).expect(200);

      await owner.get('/users/me').expect(401);
      expect(await refusal(email, STRANGER.password)).toBe(WRONG);
      const { body } = await app.post('/auth/login', { email, password: OWNER.password }).expect(200);
      expect(body).toMatchObject({ user: { email, hasPassword: true } });
      expect(body).not.toHaveProperty('passwordRequired');
    });

    it("does not link a stranger's phone number to the account of the owner", async () => {
      const email = somebody();
      const phone = '+14155550199';
      const otp = await register(email, { ...OWNER, phone });
      await registerTooSoon(email, OWNER);
      await prove(email, otp);
      await app.post('/auth/send_otp', { phone }).expect(201);
      expect(await byCode({ phone }, await app.code(phone))).toEqual({ VerificationStatus: 'approved' });
    });
  });

  it('is only sent again by the same data, with the same code and in any spelling', async () => {
    const email = somebody();
    const otp = await register(email, OWNER);
    await registerTooSoon(email, OWNER);
    await app.ageWhenSent(61);
    const spelled = { ...OWNER, email: ` ${email.toUpperCase()}`, phone: '+1 (415) 555-0101' };
    await app.post('/auth/register', spelled).expect(201);
    expect(await app.code(email, 2)).toBe(otp);
    expect((await prove(email, otp)).user).toMatchObject({ email, ...kept(OWNER), phoneVerified: false });
    await app.post('/auth/login', { email, password: OWNER.password }).expect(200);
  });

  it('lets nobody sign in before the code is given: 403 for the right password only, else 401', async () => {
    const email = somebody();
    const otp = await register(email, OWNER);
    expect(await refusal(email, OWNER.password)).toBe('403 email_unverified');
    const unlike = ({ body }: { body: object }) => ({ ...body, requestId: '' });
    const known = await app.post('/auth/login', { email, password: STRANGER.password }).expect(401);
    const unknown = await app.post('/auth/login', { email: somebody(), password: OWNER.password });
    expect(unlike(known)).toEqual(unlike(unknown));
    await app.post('/auth/verify', { email, otp: wrong(otp) }).expect(400);
    expect(await refusal(email, OWNER.password)).toBe('403 email_unverified');
    expect(await users(email)).toEqual([]);

    await prove(email, otp);
    await app.post('/auth/login', { email, password: OWNER.password }).expect(200);
    expect(await registrations(email)).toEqual([]);
    await app.post('/auth/verify', { email, otp }).expect(404);
  });

  it('is not adopted by a sign-in with a code: that is approved and makes no account (PA)', async () => {
    const email = somebody();
    const otp = await register(email, STRANGER);
    const approved = await byCode({ email }, await signInCode(email));
    expect(approved).toEqual({ VerificationStatus: 'approved' });
    expect(await users(email)).toEqual([]);
    expect(await refusal(email, STRANGER.password)).toBe('403 email_unverified');
    // The codes of one do not serve the other (R2).
    await signInCode(email);
    await app.post('/auth/verify_otp', { email, otp }).expect(400);
    expect((await prove(email, otp)).user).toMatchObject(kept(STRANGER));
  });

  describe('of an address that has an account (E5)', () => {
    it('mails its owner instead of a code, with the same reply, and no guess is right', async () => {
      const email = somebody();
      const owner = await signUp(app, email, { username: 'ada' });
      await app.ageWhenSent(61);
      const taken = await app.post('/auth/register', { email, ...STRANGER }).expect(201);
      const free = await app.post('/auth/register', { email: somebody(), ...STRANGER }).expect(201);
      const shape = (body: object) =>
        JSON.stringify(body).replace(/"(id|maskedTo|expiresAt|resendAt)":"[^"]+"/g, '');
      expect(shape(taken.body as object)).toBe(shape(free.body as object));
      await registerTooSoon(email, STRANGER);

      await app.ageWhenSent(1);
      const [mail] = await app.messages(email);
      expect(mail?.subject).toBe('You already have an account');
      expect(mail?.text).not.toMatch(/\d{4}/);
      const decoy = `select id from challenges where recipient = $1 and context_hash = ':decoy'`;
      expect(await app.sql(decoy, [`email:${email}`])).toHaveLength(1);
      for (const attemptsLeft of [2, 1, 0]) {
        const { body } = await app.post('/auth/verify', { email, otp: `12345${attemptsLeft}` }).expect(400);
        expect(body).toMatchObject({ code: 'otp_invalid', attemptsLeft });
      }
      await app.post('/auth/verify', { email, otp: '123456' }).expect(403);

      expect(await registrations(email)).toEqual([]);
      expect((await owner.get('/users/me').expect(200)).body).toMatchObject({ username: 'ada', phone: null });
      expect(await refusal(email, STRANGER.password)).toBe(WRONG);
      await app.post('/auth/login', { email, password: PASSWORD }).expect(200);
    });
  });

  describe('with SIGN_UP_ON_VERIFY', () => {
    it('is dropped by a sign-in with a code, which opens the account with nothing of it (PA)', async () => {
      const email = somebody();
      const otp = await register(email, STRANGER, opening);
      const signedIn = await byCode({ email }, await signInCode(email, opening), opening);
      expect(signedIn).toMatchObject({ tokenType: 'Bearer', user: { email, ...NOTHING } });
      expect(await registrations(email, opening)).toEqual([]);
      expect(await refusal(email, STRANGER.password, opening)).toBe(WRONG);

      const proved = await prove(email, otp, opening);
      expect(proved).toMatchObject({ passwordRequired: true, user: { id: signedIn.user?.id, ...NOTHING } });
      expect(await refusal(email, STRANGER.password, opening)).toBe(WRONG);
    });

    it('is not needed: a code to a phone number or an e-mail address opens an account, once', async () => {
      for (const [field, address] of [
        ['phone', '+14155550133'],
        ['email', somebody()],
      ] as const) {
        const ids = [];
        for (const count of [1, 2]) {
          await opening.post('/auth/send_otp', { [field]: address }).expect(201);
          const otp = await opening.code(address, count);
          const { user } = await byCode({ [field]: address }, otp, opening);
          expect(user).toMatchObject({ [field]: address, phoneVerified: field === 'phone', roles: ['user'] });
          ids.push(user?.id);
        }
        expect(new Set(ids).size).toBe(1);
      }
    });

    it('and a sign-in at once with its code open one account', async () => {
      for (let round = 0; round < 5; round++) {
        const email = somebody();
        const registered = await register(email, OWNER, opening);
        const mailed = await signInCode(email, opening);
        const [proved, signedIn] = await Promise.all([
          prove(email, registered, opening),
          byCode({ email }, mailed, opening),
        ]);
        expect(signedIn.user?.id).toBe(proved.user.id);
        expect(await users(email, opening)).toHaveLength(1);
        expect(await registrations(email, opening)).toEqual([]);
      }
    });
  });
});
