import type { Test } from 'supertest';
import { changeContact, logIn, signInByCode, signUp, undoToken, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

const APPROVED = { VerificationStatus: 'approved' };

interface Reply {
  accessToken?: string;
  user?: { id: string; email: string | null; phone: string; phoneVerified: boolean };
}

/** A phone number given at registration is a claim. The two servers differ in SIGN_UP_ON_VERIFY. */
describe('claimed phone numbers', () => {
  let closed: TestApp;
  let open: TestApp;
  let people = 0;
  beforeAll(async () => {
    [closed, open] = await Promise.all([
      TestApp.start({ BCRYPT_COST: '4' }),
      TestApp.start({ BCRYPT_COST: '4', SIGN_UP_ON_VERIFY: 'true' }),
    ]);
  });
  afterAll(async () => {
    await closed?.stop();
    await open?.stop();
  });

  const newEmail = () => `somebody-${++people}@example.com`;
  const newPhone = () => `+1415555${String(++people).padStart(4, '0')}`;
  const newClaimant = (app: TestApp, phone: string) => signUp(app, newEmail(), { phone });

  /** Sends a code and presents it in a request that `show` adds evidence to. */
  async function prove(app: TestApp, phone: string, show: (test: Test) => Test = (test) => test) {
    const { otp } = await app.codeOf(phone, () => app.post('/auth/send_otp', { phone }).expect(201));
    return show(app.post('/auth/verify_otp', { phone, otp }));
  }
  const proof = async (...args: Parameters<typeof prove>): Promise<Reply> => {
    const { status, body } = await prove(...args);
    expect(status).toBe(201);
    return body as Reply;
  };
  const bearer = (token: string) => (test: Test) => test.set('authorization', `Bearer ${token}`);
  const evidence: Record<string, (person: Person) => (test: Test) => Test> = {
    'its device cookie': (person) => (test) => test.set('cookie', `a=b; device_token=${person.deviceToken}`),
    'its X-Device-Token': (person) => (test) => test.set('x-device-token', person.deviceToken),
    'its access token': (person) => bearer(person.accessToken),
  };
  const profile = async (person: Person) => (await person.get('/users/me').expect(200)).body as object;

  it('never opens the account of a claimant without evidence', async () => {
    for (const app of [closed, open]) {
      const phone = newPhone();
      const attacker = await newClaimant(app, phone);
      const { user, ...rest } = await proof(app, phone);
      if (app === closed) expect({ user, ...rest }).toEqual(APPROVED);
      else expect(user).toMatchObject({ email: null, phone, phoneVerified: true });
      expect(user?.id).not.toBe(attacker.user.id);
      // A proof without an account changes nothing; a new account drops the claims of others.
      expect(await profile(attacker)).toMatchObject({
        phone: app === closed ? phone : null,
        phoneVerified: false,
      });
    }
  });

  it.each(Object.keys(evidence))('links the number for a request that shows %s', async (name) => {
    for (const app of [closed, open]) {
      const phone = newPhone();
      const [owner, other] = [await newClaimant(app, phone), await newClaimant(app, phone)];
      const show = evidence[name]?.(owner);
      expect(await proof(app, phone, show)).toMatchObject({
        accessToken: expect.any(String) as string,
        user: { id: owner.user.id, phone, phoneVerified: true },
      });
      expect(await profile(other)).toMatchObject({ phone: null, phoneVerified: false });
      // From now on the number is proved and needs no evidence.
      expect(await proof(app, phone)).toMatchObject({ user: { id: owner.user.id } });
      expect(await proof(app, phone, evidence[name]?.(other))).toMatchObject({ user: { id: owner.user.id } });
    }
  });

  const insufficient: Record<string, (owner: Person, other: Person) => (test: Test) => Test> = {
    'the device of an account that claims another number': (_, other) => (test) =>
      test.set('x-device-token', other.deviceToken),
    'the access token of an account that claims another number': (_, other) => bearer(other.accessToken),
    'a device token that was changed': (owner) => (test) =>
      test.set(
        'x-device-token',
        owner.deviceToken.replace(/.$/, (end) => (end === 'A' ? 'B' : 'A')),
      ),
    'a refresh token as the device token': (owner) => (test) =>
      test.set('x-device-token', owner.refreshToken),
  };
  it.each(Object.keys(insufficient))('ignores %s', async (name) => {
    for (const app of [closed, open]) {
      const phone = newPhone();
      const [owner, other] = [await newClaimant(app, phone), await newClaimant(app, newPhone())];
      const { user } = await proof(app, phone, insufficient[name]?.(owner, other));
      expect([owner.user.id, other.user.id]).not.toContain(user?.id);
      expect(user === undefined).toBe(app === closed);
    }
  });

  it('ignores evidence that ended: a forgotten device, one of another age, a disabled account', async () => {
    const endings: ((owner: Person) => Promise<unknown>)[] = [
      async (owner) => {
        const [session] = (await owner.get('/auth/sessions')).body as { id: string }[];
        await owner.delete(`/auth/sessions/${session?.id}?forgetDevice=true`).expect(204);
      },
      ({ user }) =>
        closed.sql(`update devices set last_used_at = now() - interval '180 days' where user_id = $1`, [
          user.id,
        ]),
      ({ user }) => closed.sql('update users set disabled_at = now() where id = $1', [user.id]),
    ];
    for (const end of endings) {
      const phone = newPhone();
      const owner = await newClaimant(closed, phone);
      await end(owner);
      const show = evidence['its X-Device-Token']?.(owner);
      expect(await proof(closed, phone, show)).toEqual(APPROVED);
    }
  });

  it('counts the access token before the device when both claim the number', async () => {
    const phone = newPhone();
    const [ada, bob] = [await newClaimant(closed, phone), await newClaimant(closed, phone)];
    const show = (test: Test) => bearer(ada.accessToken)(test).set('x-device-token', bob.deviceToken);
    expect(await proof(closed, phone, show)).toMatchObject({ user: { id: ada.user.id } });
  });

  it('refuses an invalid access token at the verification, and the code stays unused', async () => {
    const phone = newPhone();
    const owner = await newClaimant(closed, phone);
    const ended = await logIn(closed, owner.email);
    await ended.post('/auth/logout').expect(201);
    const { otp } = await closed.codeOf(phone, () => closed.post('/auth/send_otp', { phone }).expect(201));
    const verify = () => closed.post('/auth/verify_otp', { phone, otp });
    for (const header of [`Bearer ${ended.accessToken}`, 'Bearer a.b.c', 'Bearer', owner.accessToken]) {
      const { body } = await verify().set('authorization', header).expect(401);
      expect(body).toMatchObject({ code: 'token_invalid', msg: expect.any(String) as string });
    }
    const { body } = await bearer(owner.accessToken)(verify()).expect(201);
    expect(body).toMatchObject({ user: { id: owner.user.id } });
  });

  it('does not use evidence for a wrong code', async () => {
    const phone = newPhone();
    const owner = await newClaimant(closed, phone);
    const { otp } = await closed.codeOf(phone, () => closed.post('/auth/send_otp', { phone }).expect(201));
    const wrong = otp.replace(/.$/, (digit) => String((Number(digit) + 1) % 10));
    await bearer(owner.accessToken)(closed.post('/auth/verify_otp', { phone, otp: wrong })).expect(400);
    expect(await profile(owner)).toMatchObject({ phoneVerified: false });
  });

  it('changes no account by a proof at /otp/verify', async () => {
    const phone = newPhone();
    const owner = await newClaimant(open, phone);
    const { otp } = await open.codeOf(phone, () =>
      open.post('/otp/generate', { phone_number: phone }).expect(200),
    );
    const verified = bearer(owner.accessToken)(open.post('/otp/verify', { phone_number: phone, otp }));
    await verified.set('x-device-token', owner.deviceToken).expect(200);
    expect(await profile(owner)).toMatchObject({ phone, phoneVerified: false });
  });

  it('drops the claims of others when an account proves the number by a change or an undo', async () => {
    const phone = newPhone();
    const owner = await signUp(open, newEmail());
    const first = await newClaimant(open, phone);
    await changeContact(open, owner, { phone });
    expect(await profile(first)).toMatchObject({ phone: null });

    await changeContact(open, owner, { phone: newPhone() });
    const second = await newClaimant(open, phone);
    expect(await profile(second)).toMatchObject({ phone });
    await open.post('/users/contact/undo', { token: await undoToken(open, phone) }).expect(204);
    expect(await profile(second)).toMatchObject({ phone: null });
    expect((await signInByCode(open, { phone })).user.id).toBe(owner.user.id);
  });
});
