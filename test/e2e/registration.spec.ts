import { PASSWORD, Person, signUp, type SignedInReply } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

/** Data that two people submit for the same address. */
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
const EMPTY_PROFILE = {
  username: null,
  firstName: null,
  lastName: null,
  phone: null,
  hasPassword: false,
};

type OpenedAccount = SignedInReply & { passwordRequired?: boolean };

/** The profile of an account that was registered with this data. */
function profileOf({ password: _, ...names }: typeof OWNER): object {
  return { ...names, hasPassword: true };
}

/** A wrong code of the same length. */
function wrongCode(code: string): string {
  return code.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));
}

describe('registration', () => {
  let app: TestApp;
  let signUpOnVerifyApp: TestApp;
  let emailCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4' });
    signUpOnVerifyApp = await TestApp.start({ BCRYPT_COST: '4', SIGN_UP_ON_VERIFY: 'true' });
  });
  afterAll(async () => {
    await app?.stop();
    await signUpOnVerifyApp?.stop();
  });

  const newEmail = () => `somebody-${++emailCount}@example.com`;

  /** Registers and returns the code from the mail. */
  async function register(email: string, data: object, target = app): Promise<string> {
    const messagesBefore = (await target.messages(email)).length;
    await target.post('/auth/register', { email, ...data }).expect(201);
    return target.code(email, messagesBefore + 1);
  }

  /** Registers within the cooldown, so that no mail is sent. */
  async function registerTooSoon(email: string, data: object): Promise<void> {
    const { body } = await app.post('/auth/register', { email, ...data }).expect(429);
    expect(body.code).toBe('otp_cooldown');
  }

  async function verifyEmail(email: string, otp: string, target = app): Promise<OpenedAccount> {
    const { body } = await target.post('/auth/verify', { email, otp }).expect(200);
    expect(body.VerificationStatus).toBe('approved');
    return body as OpenedAccount;
  }

  async function requestSignInCode(email: string, target = app): Promise<string> {
    const messagesBefore = (await target.messages(email)).length;
    await target.post('/auth/send_otp', { email }).expect(201);
    return target.code(email, messagesBefore + 1);
  }

  async function signInByCode(address: object, otp: string, target = app): Promise<Partial<OpenedAccount>> {
    return (await target.post('/auth/verify_otp', { ...address, otp }).expect(201))
      .body as Partial<OpenedAccount>;
  }

  async function loginRefusal(email: string, password: string, target = app): Promise<string> {
    const { status, body } = await target.post('/auth/login', { email, password });
    return `${status} ${(body as { code?: string }).code}`;
  }

  const findUsers = (email: string, target = app) =>
    target.sql<object>('select * from users where email = $1', [email]);
  const findRegistrations = (email: string, target = app) =>
    target.sql<object>('select * from registrations where email = $1', [email]);

  const INVALID_CREDENTIALS = '401 invalid_credentials';

  describe('two people with the same address', () => {
    /** Expects the code to open an account that has none of the submitted data. */
    async function expectContested(email: string, otp: string): Promise<void> {
      const opened = await verifyEmail(email, otp);
      expect(opened).toMatchObject({ passwordRequired: true, user: { email, ...EMPTY_PROFILE } });
      for (const { password } of [OWNER, STRANGER])
        expect(await loginRefusal(email, password)).toBe(INVALID_CREDENTIALS);
    }

    it.each([
      ['the stranger', STRANGER, OWNER],
      ['the owner', OWNER, STRANGER],
    ])('discards the data of both when %s registers first', async (_, first, second) => {
      const email = newEmail();
      const otp = await register(email, first);
      await app.ageWhenSent(61);
      expect(await register(email, second)).toBe(otp);
      await expectContested(email, otp);
    });

    it.each([
      ['the stranger', STRANGER, OWNER],
      ['the owner', OWNER, STRANGER],
    ])(
      'discards the data of both when %s registers first and the other within the cooldown',
      async (...row) => {
        const [, first, second] = row;
        const email = newEmail();
        const otp = await register(email, first);
        await registerTooSoon(email, second);
        await expectContested(email, otp);
      },
    );

    it.each(Object.keys(OWNER))(
      'discards the data of both when only the %s differs or is missing',
      async (field) => {
        const other = { ...OWNER, [field]: STRANGER[field as keyof typeof STRANGER] };
        const none = { ...OWNER, [field]: undefined };
        for (const second of field === 'password' ? [other] : [other, none]) {
          const email = newEmail();
          const otp = await register(email, OWNER);
          await registerTooSoon(email, second);
          await expectContested(email, otp);
        }
      },
    );

    it('discards all data when registrations arrive concurrently', async () => {
      const email = newEmail();
      const data = [OWNER, STRANGER, OWNER, STRANGER];
      const replies = await Promise.all(
        data.map((submission) => app.post('/auth/register', { email, ...submission })),
      );
      expect(replies.map(({ status }) => status).sort()).toEqual([201, 429, 429, 429]);
      await expectContested(email, await app.code(email));
    });

    it('discards all data even if either registers again while a code is valid', async () => {
      const email = newEmail();
      await register(email, OWNER);
      await registerTooSoon(email, STRANGER);
      let otp = '';
      for (const data of [OWNER, OWNER, STRANGER]) {
        await app.ageWhenSent(200);
        otp = await register(email, data);
        await registerTooSoon(email, OWNER);
      }
      await expectContested(email, otp);
    });

    it.each([
      ['the stranger', [STRANGER]],
      ['both', [STRANGER, OWNER]],
    ])('uses only the new data once the registration of %s has expired', async (_, [first, ...others]) => {
      const email = newEmail();
      const old = await register(email, first ?? {});
      for (const data of others) await registerTooSoon(email, data);
      await app.ageWhenSent(361);
      expect((await app.post('/auth/verify', { email, otp: old }).expect(400)).body.code).toBe('otp_expired');

      const opened = await verifyEmail(email, await register(email, OWNER));
      expect(opened.passwordRequired).toBeUndefined();
      expect(opened.user).toMatchObject({ email, ...profileOf(OWNER) });
      expect(await loginRefusal(email, STRANGER.password)).toBe(INVALID_CREDENTIALS);
      await app.post('/auth/login', { email, password: OWNER.password }).expect(200);
    });

    it('lets the session that the code opened set a password', async () => {
      const email = newEmail();
      const otp = await register(email, STRANGER);
      await registerTooSoon(email, OWNER);
      const owner = new Person(app, email, await verifyEmail(email, otp));
      await owner.patch('/auth/reset', { password: OWNER.password }).expect(200);

      await owner.get('/users/me').expect(401);
      expect(await loginRefusal(email, STRANGER.password)).toBe(INVALID_CREDENTIALS);
      const { body } = await app.post('/auth/login', { email, password: OWNER.password }).expect(200);
      expect(body).toMatchObject({ user: { email, hasPassword: true } });
      expect(body).not.toHaveProperty('passwordRequired');
    });

    it("does not link a stranger's phone number to the owner's account", async () => {
      const email = newEmail();
      const phone = '+14155550199';
      const otp = await register(email, { ...OWNER, phone });
      await registerTooSoon(email, OWNER);
      await verifyEmail(email, otp);
      await app.post('/auth/send_otp', { phone }).expect(201);
      expect(await signInByCode({ phone }, await app.code(phone))).toEqual({
        VerificationStatus: 'approved',
      });
    });
  });

  it('resends the same code when the same data is submitted again in any spelling', async () => {
    const email = newEmail();
    const otp = await register(email, OWNER);
    await registerTooSoon(email, OWNER);
    await app.ageWhenSent(61);
    const respelled = { ...OWNER, email: ` ${email.toUpperCase()}`, phone: '+1 (415) 555-0101' };
    await app.post('/auth/register', respelled).expect(201);
    expect(await app.code(email, 2)).toBe(otp);
    expect((await verifyEmail(email, otp)).user).toMatchObject({
      email,
      ...profileOf(OWNER),
      phoneVerified: false,
    });
    await app.post('/auth/login', { email, password: OWNER.password }).expect(200);
  });

  it('answers a sign-in before verification like an unknown address, whatever the password', async () => {
    const email = newEmail();
    const otp = await register(email, OWNER);
    expect(await loginRefusal(email, OWNER.password)).toBe(INVALID_CREDENTIALS);
    const withoutRequestId = ({ body }: { body: object }) => ({ ...body, requestId: '' });
    const unknownReply = await app.post('/auth/login', {
      email: newEmail(),
      password: OWNER.password,
    });
    for (const { password } of [OWNER, STRANGER]) {
      const pendingReply = await app.post('/auth/login', { email, password }).expect(401);
      expect(withoutRequestId(pendingReply)).toEqual(withoutRequestId(unknownReply));
    }
    await app.post('/auth/verify', { email, otp: wrongCode(otp) }).expect(400);
    expect(await loginRefusal(email, OWNER.password)).toBe(INVALID_CREDENTIALS);
    expect(await findUsers(email)).toEqual([]);

    await verifyEmail(email, otp);
    await app.post('/auth/login', { email, password: OWNER.password }).expect(200);
    expect(await findRegistrations(email)).toEqual([]);
    await app.post('/auth/verify', { email, otp }).expect(404);
  });

  it('keeps a registration pending after a sign-in code, which is approved but opens no account', async () => {
    const email = newEmail();
    const otp = await register(email, STRANGER);
    const approved = await signInByCode({ email }, await requestSignInCode(email));
    expect(approved).toEqual({ VerificationStatus: 'approved' });
    expect(await findUsers(email)).toEqual([]);
    expect(await loginRefusal(email, STRANGER.password)).toBe(INVALID_CREDENTIALS);
    // Sign-in codes and registration codes are not interchangeable.
    await requestSignInCode(email);
    await app.post('/auth/verify_otp', { email, otp }).expect(400);
    expect((await verifyEmail(email, otp)).user).toMatchObject(profileOf(STRANGER));
  });

  describe('address that already has an account', () => {
    it('notifies the owner by mail, returns the same reply and accepts no code', async () => {
      const email = newEmail();
      const owner = await signUp(app, email, { username: 'ada' });
      await app.ageWhenSent(61);
      const takenReply = await app.post('/auth/register', { email, ...STRANGER }).expect(201);
      const freeReply = await app.post('/auth/register', { email: newEmail(), ...STRANGER }).expect(201);
      const shapeOf = (body: object) =>
        JSON.stringify(body).replace(/"(id|maskedTo|expiresAt|resendAt)":"[^"]+"/g, '');
      expect(shapeOf(takenReply.body as object)).toBe(shapeOf(freeReply.body as object));
      await registerTooSoon(email, STRANGER);

      await app.ageWhenSent(1);
      const [mail] = await app.messages(email);
      expect(mail?.subject).toBe('You already have an account');
      expect(mail?.text).not.toMatch(/\d{4}/);
      const decoyQuery = `select id from challenges where recipient = $1 and context_hash = ':decoy address_taken'`;
      expect(await app.sql(decoyQuery, [`email:${email}`])).toHaveLength(1);
      for (const attemptsLeft of [2, 1, 0]) {
        const { body } = await app.post('/auth/verify', { email, otp: `12345${attemptsLeft}` }).expect(400);
        expect(body).toMatchObject({ code: 'otp_invalid', attemptsLeft });
      }
      await app.post('/auth/verify', { email, otp: '123456' }).expect(403);

      expect(await findRegistrations(email)).toEqual([]);
      expect((await owner.get('/users/me').expect(200)).body).toMatchObject({
        username: 'ada',
        phone: null,
      });
      expect(await loginRefusal(email, STRANGER.password)).toBe(INVALID_CREDENTIALS);
      await app.post('/auth/login', { email, password: PASSWORD }).expect(200);
    });
  });

  describe('with SIGN_UP_ON_VERIFY', () => {
    it('discards a registration when a sign-in code opens the account, and uses none of its data', async () => {
      const email = newEmail();
      const otp = await register(email, STRANGER, signUpOnVerifyApp);
      const signedIn = await signInByCode(
        { email },
        await requestSignInCode(email, signUpOnVerifyApp),
        signUpOnVerifyApp,
      );
      expect(signedIn).toMatchObject({ tokenType: 'Bearer', user: { email, ...EMPTY_PROFILE } });
      expect(await findRegistrations(email, signUpOnVerifyApp)).toEqual([]);
      expect(await loginRefusal(email, STRANGER.password, signUpOnVerifyApp)).toBe(INVALID_CREDENTIALS);

      const verified = await verifyEmail(email, otp, signUpOnVerifyApp);
      expect(verified).toMatchObject({
        passwordRequired: true,
        user: { id: signedIn.user?.id, ...EMPTY_PROFILE },
      });
      expect(await loginRefusal(email, STRANGER.password, signUpOnVerifyApp)).toBe(INVALID_CREDENTIALS);
    });

    it('opens one account with a code to a phone number or an e-mail address', async () => {
      for (const [field, address] of [
        ['phone', '+14155550133'],
        ['email', newEmail()],
      ] as const) {
        const ids = [];
        for (const count of [1, 2]) {
          await signUpOnVerifyApp.post('/auth/send_otp', { [field]: address }).expect(201);
          const otp = await signUpOnVerifyApp.code(address, count);
          const { user } = await signInByCode({ [field]: address }, otp, signUpOnVerifyApp);
          expect(user).toMatchObject({
            [field]: address,
            phoneVerified: field === 'phone',
            roles: ['user'],
          });
          ids.push(user?.id);
        }
        expect(new Set(ids).size).toBe(1);
      }
    });

    it('opens one account when the registration code and a sign-in code are verified concurrently', async () => {
      for (let round = 0; round < 5; round++) {
        const email = newEmail();
        const registrationCode = await register(email, OWNER, signUpOnVerifyApp);
        const signInCode = await requestSignInCode(email, signUpOnVerifyApp);
        const [verified, signedIn] = await Promise.all([
          verifyEmail(email, registrationCode, signUpOnVerifyApp),
          signInByCode({ email }, signInCode, signUpOnVerifyApp),
        ]);
        expect(signedIn.user?.id).toBe(verified.user.id);
        expect(await findUsers(email, signUpOnVerifyApp)).toHaveLength(1);
        expect(await findRegistrations(email, signUpOnVerifyApp)).toEqual([]);
      }
    });
  });
});
