import { randomBytes } from 'node:crypto';
import type { Response } from 'supertest';
import { logIn, PASSWORD, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { decode } from '../support/jws.js';

const DAY = 86_400;
/** Wrong guesses that a day's codes, or passwords, of one address bear in one lane. */
const GUESSES = 20;
const SENDS = 10;

type Address = { email: string } | { phone: string };
type Recognised = Record<string, string>;

describe('a recognised device', () => {
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', PUBLIC_URL: 'https://auth.acme.test' });
  });
  afterAll(() => app?.stop());

  const somebody = (more = {}) => signUp(app, `somebody-${++people}@example.com`, more);
  const byHeader = (token: string): Recognised => ({ 'x-device-token': token });
  const byCookie = (token: string): Recognised => ({ cookie: `theme=dark; device_token=${token}; a=b` });
  const cookieOf = ({ headers }: Response) => (headers['set-cookie'] as unknown as string[] | undefined)?.[0];
  const sessionOf = ({ accessToken }: Person) => decode(accessToken.split('.')[1]).sid as string;

  const send = (address: Address, device: Recognised = {}) => app.post('/auth/send_otp', address).set(device);
  const enter = (address: Address, otp: string, device: Recognised = {}) =>
    app.post('/auth/verify_otp', { ...address, otp }).set(device);
  const password = (email: string, guess: string, device: Recognised = {}) =>
    app.post('/auth/login', { email, password: guess }).set(device);
  const to = (address: Address) => ('email' in address ? address.email : address.phone);

  async function codeBySend(address: Address, device: Recognised = {}): Promise<string> {
    const count = (await app.messages(to(address))).length + 1;
    await send(address, device).expect(201);
    return app.code(to(address), count);
  }

  /** Whether it has a lane of its own: the public one waits after the code that is sent first. */
  async function isRecognised(address: Address, device: Recognised): Promise<boolean> {
    await app.ageWhenSent(60);
    await send(address).expect(201);
    const { status, body } = await send(address, device);
    expect([201, 429]).toContain(status);
    if (status === 429) expect(body.code).toBe('otp_cooldown');
    return status === 201;
  }

  describe('is told', () => {
    it('by a token in the reply of every sign-in, and in a cookie that scripts cannot read', async () => {
      const { email } = await somebody();
      const otp = await codeBySend({ email });
      for (const reply of [
        await enter({ email }, otp).expect(201),
        await password(email, PASSWORD).expect(200),
        await app.post('/api/login', { email, password: PASSWORD }).expect(200),
      ]) {
        const { deviceToken } = reply.body as { deviceToken: string };
        expect(deviceToken).toMatch(/^[\w-]{64}$/);
        expect(cookieOf(reply)).toBe(
          `device_token=${deviceToken}; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax; Secure`,
        );
      }
      expect(cookieOf(await password(email, 'wrong').expect(401))).toBeUndefined();
    });

    it('by that token again at its next sign-in, and another device by another', async () => {
      const first = await somebody();
      const { email, deviceToken } = first;
      for (const device of [byHeader(deviceToken), byCookie(deviceToken)]) {
        const reply = await password(email, PASSWORD, device).expect(200);
        expect(reply.body.deviceToken).toBe(deviceToken);
        expect(cookieOf(reply)).toContain(`device_token=${deviceToken};`);
      }
      expect((await logIn(app, email)).deviceToken).not.toBe(deviceToken);
      // Signing out does not make it a stranger.
      await first.post('/auth/logout').expect(201);
      expect((await logIn(app, email, { deviceToken })).deviceToken).toBe(deviceToken);
    });
  });

  describe('has a lane of its own', () => {
    it('by the header and by the cookie, for each address of its user', async () => {
      const { email, deviceToken } = await somebody({ phone: '+14155550181' });
      const phone = { phone: '+14155550181' };
      // A number counts once it is proved.
      expect(await isRecognised(phone, byHeader(deviceToken))).toBe(false);
      await app.ageWhenSent(60);
      await enter(phone, await codeBySend(phone)).expect(201);
      for (const device of [byHeader(deviceToken), byCookie(deviceToken)]) {
        expect(await isRecognised({ email }, device)).toBe(true);
        expect(await isRecognised(phone, device)).toBe(true);
      }
    });

    it('whose code is good there alone', async () => {
      const { email, deviceToken } = await somebody();
      const device = byHeader(deviceToken);
      const otp = await codeBySend({ email }, device);
      const elsewhere = await enter({ email }, otp);
      expect([elsewhere.status, elsewhere.body.code]).toEqual([404, 'otp_not_found']);
      await enter({ email }, otp, device).expect(201);
    });

    it('with the limits that every lane has, so that its token lets nobody guess on', async () => {
      const { email, deviceToken } = await somebody();
      const device = byHeader(deviceToken);
      for (let i = 0; i < GUESSES; i++) await password(email, `wrong ${i}`, device).expect(401);
      await password(email, PASSWORD, device).expect(429);
      await password(email, PASSWORD).expect(200);
      expect(await judged({ email }, device)).toBe(GUESSES);
    });
  });

  it('is none, without a word, by a token that is not its own or not good any more', async () => {
    const ada = await somebody();
    const eve = await somebody();
    const lost = await logIn(app, ada.email);
    const device = Buffer.from(ada.deviceToken, 'base64url');
    const forged = Buffer.from(device);
    forged[47] = (forged[47] ?? 0) ^ 1;
    const strangers = {
      forged: forged.toString('base64url'),
      'of its id alone': Buffer.concat([device.subarray(0, 16), randomBytes(32)]).toString('base64url'),
      'of another user': eve.deviceToken,
      'a refresh token': ada.refreshToken,
      'an access token': ada.accessToken,
      rubbish: 'rubbish',
      long: 'a'.repeat(8_000),
    };
    for (const [what, token] of Object.entries(strangers)) {
      const { email } = ada;
      expect([what, await isRecognised({ email }, byHeader(token))]).toEqual([what, false]);
      // It is no error either: whoever signs in gets a token of their own.
      const reply = await password(email, PASSWORD, byHeader(token)).expect(200);
      expect([what, reply.body.deviceToken === token]).toEqual([what, false]);
      // Ten messages a day.
      await app.age(DAY / 4);
    }
    const { email } = ada;
    expect(await isRecognised({ email }, byHeader(lost.deviceToken))).toBe(true);
    await ada.delete(`/auth/sessions/${sessionOf(lost)}?forgetDevice=true`).expect(204);
    expect(await isRecognised({ email }, byHeader(lost.deviceToken))).toBe(false);
    expect(await isRecognised({ email }, byHeader(ada.deviceToken))).toBe(true);
    expect((await logIn(app, email, { deviceToken: lost.deviceToken })).deviceToken).not.toBe(
      lost.deviceToken,
    );
    await app.age(DAY);

    await app.post('/auth/forgot', { email }).expect(202);
    const [{ text } = { text: '' }] = await app.messages(email);
    const token = /#token=(\S+)/.exec(text)?.[1];
    await app.patch('/auth/reset', { token, password: 'quite another horse battery' }).expect(200);
    expect(await isRecognised({ email }, byHeader(ada.deviceToken))).toBe(false);
  });

  it('is forgotten when it was not used for 180 days, and no sooner', async () => {
    const { email, deviceToken } = await somebody();
    await app.age(179 * DAY);
    expect(await isRecognised({ email }, byHeader(deviceToken))).toBe(true);
    // A sign-in is a use.
    await logIn(app, email, { deviceToken });
    await app.age(179 * DAY);
    expect(await isRecognised({ email }, byHeader(deviceToken))).toBe(true);
    await app.age(DAY);
    expect(await isRecognised({ email }, byHeader(deviceToken))).toBe(false);
  });

  /** Guesses wrong codes for as long as they are judged; each code bears three. */
  async function judged(address: Address, device: Recognised = {}): Promise<number> {
    let count = 0;
    for (;;) {
      await app.ageWhenSent(60);
      const sent = await send(address, device);
      if (sent.status === 429) return count;
      expect(sent.status).toBe(201);
      for (let guess = 0; guess < 4; guess++) {
        const { status, body } = await enter(address, `00000${guess}`, device);
        if (body.code === 'otp_invalid') count++;
        else expect([403, 429]).toContain(status);
      }
    }
  }

  describe.each(['email', 'phone'] as const)(
    'keeps its owner in while strangers try codes by %s (B5, B9)',
    (kind) => {
      let owner: Person;
      let address: Address;
      beforeEach(async () => {
        const phone = `+1415555${1_000 + people}`;
        owner = await somebody({ phone });
        address = kind === 'phone' ? { phone } : { email: owner.email };
        if (kind === 'phone') await enter(address, await codeBySend(address)).expect(201);
        await app.age(DAY);
      });

      async function expectOwnerIn(): Promise<void> {
        const device = byHeader(owner.deviceToken);
        const otp = await codeBySend(address, device);
        const { body } = await enter(address, otp, device).expect(201);
        expect(body).toMatchObject({ VerificationStatus: 'approved', user: { id: owner.user.id } });
      }

      it('until the day’s guesses are used up: 20 are judged, then none, and the owner signs in at once', async () => {
        expect(await judged(address)).toBe(GUESSES);
        await expectOwnerIn();
        for (const { status, body } of [await send(address), await enter(address, '000000')])
          expect([status, body.code]).toEqual([429, 'otp_guess_limit']);
        // What the owner did gave the strangers nothing back, and neither does time before the day is over.
        await app.age(DAY - 30 * 60);
        expect(await judged(address)).toBe(0);
        await app.age(30 * 60);
        expect(await judged(address)).toBe(GUESSES);
      });

      it('until the day’s messages are used up: 10 are sent, then none, and the owner gets one at once', async () => {
        const before = (await app.messages(to(address))).length;
        for (let count = 0; count < SENDS; count++) {
          await send(address).expect(201);
          await app.ageWhenSent(60);
        }
        const { status, body, headers } = await send(address);
        expect([status, body.code]).toEqual([429, 'otp_send_limit']);
        expect(Number(headers['retry-after'])).toBeGreaterThan(DAY - 1_000);
        expect(await app.messages(to(address))).toHaveLength(before + SENDS);
        await expectOwnerIn();
        await send(address).expect(429);
      });
    },
  );

  it('keeps its owner in while strangers try passwords, and a code lets the owner in elsewhere (B5, B9)', async () => {
    const { email, user, deviceToken } = await somebody();
    const answers = [];
    for (let i = 0; i < GUESSES + 5; i++) answers.push((await password(email, `wrong ${i}`)).status);
    expect(answers).toEqual([...Array<number>(GUESSES).fill(401), ...Array<number>(5).fill(429)]);
    const refused = await password(email, PASSWORD);
    expect([refused.status, refused.body.code]).toEqual([429, 'password_guess_limit']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(DAY - 600);

    const { body } = await password(email, PASSWORD, byCookie(deviceToken)).expect(200);
    expect(body).toMatchObject({ user: { id: user.id } });
    await enter({ email }, await codeBySend({ email })).expect(201);
    // Neither gave the strangers a guess.
    await password(email, PASSWORD).expect(429);
    await app.age(DAY);
    await password(email, PASSWORD).expect(200);
  });
});
