import { randomBytes } from 'node:crypto';
import type { Response } from 'supertest';
import { logIn, PASSWORD, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { decode } from '../support/jws.js';

const DAY = 86_400;
/** Wrong codes, and wrong passwords, allowed per address and lane in a day. */
const MAX_GUESSES = 20;
/** Wrong passwords by strangers; recognised devices have five more. */
const STRANGER_GUESSES = 15;
/** Messages allowed per address and lane in a day. */
const MAX_SENDS = 10;

type Address = { email: string } | { phone: string };
type DeviceHeaders = Record<string, string>;

describe('recognised devices', () => {
  let app: TestApp;
  let userCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ BCRYPT_COST: '4', PUBLIC_URL: 'https://auth.acme.test' });
  });
  afterAll(() => app?.stop());

  const newUser = (extraFields = {}) => signUp(app, `somebody-${++userCount}@example.com`, extraFields);
  const deviceHeader = (token: string): DeviceHeaders => ({ 'x-device-token': token });
  const deviceCookie = (token: string): DeviceHeaders => ({
    cookie: `theme=dark; device_token=${token}; a=b`,
  });
  const setCookie = ({ headers }: Response) =>
    (headers['set-cookie'] as unknown as string[] | undefined)?.[0];
  const sessionId = ({ accessToken }: Person) => decode(accessToken.split('.')[1]).sid as string;

  const sendCode = (address: Address, device: DeviceHeaders = {}) =>
    app.post('/auth/send_otp', address).set(device);
  const verifyCode = (address: Address, otp: string, device: DeviceHeaders = {}) =>
    app.post('/auth/verify_otp', { ...address, otp }).set(device);
  const signIn = (email: string, guess: string, device: DeviceHeaders = {}) =>
    app.post('/auth/login', { email, password: guess }).set(device);
  const recipientOf = (address: Address) => ('email' in address ? address.email : address.phone);

  async function requestCode(address: Address, device: DeviceHeaders = {}): Promise<string> {
    const count = (await app.messages(recipientOf(address))).length + 1;
    await sendCode(address, device).expect(201);
    return app.code(recipientOf(address), count);
  }

  /**
   * Whether the device has a private lane. The first send starts the cooldown of the public
   * lane, so the second send succeeds only in a private lane.
   */
  async function isRecognised(address: Address, device: DeviceHeaders): Promise<boolean> {
    await app.ageWhenSent(60);
    await sendCode(address).expect(201);
    const { status, body } = await sendCode(address, device);
    expect([201, 429]).toContain(status);
    if (status === 429) expect(body.code).toBe('otp_cooldown');
    return status === 201;
  }

  describe('device token', () => {
    it('is in the reply to every sign-in, and in a cookie that scripts cannot read', async () => {
      const { email } = await newUser();
      const otp = await requestCode({ email });
      for (const reply of [
        await verifyCode({ email }, otp).expect(201),
        await signIn(email, PASSWORD).expect(200),
        await app.post('/api/login', { email, password: PASSWORD }).expect(200),
      ]) {
        const { deviceToken } = reply.body as { deviceToken: string };
        expect(deviceToken).toMatch(/^[\w-]{64}$/);
        expect(setCookie(reply)).toBe(
          `device_token=${deviceToken}; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax; Secure`,
        );
      }
      expect(setCookie(await signIn(email, 'wrong').expect(401))).toBeUndefined();
    });

    it('stays the same for one device and differs for another', async () => {
      const first = await newUser();
      const { email, deviceToken } = first;
      for (const device of [deviceHeader(deviceToken), deviceCookie(deviceToken)]) {
        const reply = await signIn(email, PASSWORD, device).expect(200);
        expect(reply.body.deviceToken).toBe(deviceToken);
        expect(setCookie(reply)).toContain(`device_token=${deviceToken};`);
      }
      expect((await logIn(app, email)).deviceToken).not.toBe(deviceToken);
      // Signing out does not forget the device.
      await first.post('/auth/logout').expect(201);
      expect((await logIn(app, email, { deviceToken })).deviceToken).toBe(deviceToken);
    });
  });

  describe('private lane', () => {
    it('applies to each verified address of the user, by header and by cookie', async () => {
      const { email, deviceToken } = await newUser({ phone: '+14155550181' });
      const phone = { phone: '+14155550181' };
      // A phone number counts only after it is verified.
      expect(await isRecognised(phone, deviceHeader(deviceToken))).toBe(false);
      await app.ageWhenSent(60);
      await verifyCode(phone, await requestCode(phone)).expect(201);
      for (const device of [deviceHeader(deviceToken), deviceCookie(deviceToken)]) {
        expect(await isRecognised({ email }, device)).toBe(true);
        expect(await isRecognised(phone, device)).toBe(true);
      }
    });

    it('accepts its code only on that device', async () => {
      const { email, deviceToken } = await newUser();
      const device = deviceHeader(deviceToken);
      const otp = await requestCode({ email }, device);
      const otherDevice = await verifyCode({ email }, otp);
      expect([otherDevice.status, otherDevice.body.code]).toEqual([404, 'otp_not_found']);
      await verifyCode({ email }, otp, device).expect(201);
    });

    it('limits guesses like any lane, so a stolen token allows no extra guesses', async () => {
      const { email, deviceToken } = await newUser();
      const device = deviceHeader(deviceToken);
      for (let i = 0; i < MAX_GUESSES; i++) await signIn(email, `wrong ${i}`, device).expect(401);
      await signIn(email, PASSWORD, device).expect(429);
      await signIn(email, PASSWORD).expect(429);
      expect(await countCheckedGuesses({ email }, device)).toBe(MAX_GUESSES);
    });
  });

  it('ignores forged, foreign and revoked device tokens without an error', async () => {
    const ada = await newUser();
    const eve = await newUser();
    const lostDevice = await logIn(app, ada.email);
    const device = Buffer.from(ada.deviceToken, 'base64url');
    const forged = Buffer.from(device);
    forged[47] = (forged[47] ?? 0) ^ 1;
    const invalidTokens = {
      forged: forged.toString('base64url'),
      'its id with a random secret': Buffer.concat([device.subarray(0, 16), randomBytes(32)]).toString(
        'base64url',
      ),
      "another user's token": eve.deviceToken,
      'a refresh token': ada.refreshToken,
      'an access token': ada.accessToken,
      rubbish: 'rubbish',
      long: 'a'.repeat(8_000),
    };
    for (const [label, token] of Object.entries(invalidTokens)) {
      const { email } = ada;
      expect([label, await isRecognised({ email }, deviceHeader(token))]).toEqual([label, false]);
      // An invalid token is no error: the sign-in returns a new one.
      const reply = await signIn(email, PASSWORD, deviceHeader(token)).expect(200);
      expect([label, reply.body.deviceToken === token]).toEqual([label, false]);
      // Stay below the limit of ten messages a day.
      await app.age(DAY / 4);
    }
    const { email } = ada;
    expect(await isRecognised({ email }, deviceHeader(lostDevice.deviceToken))).toBe(true);
    await ada.delete(`/auth/sessions/${sessionId(lostDevice)}?forgetDevice=true`).expect(204);
    expect(await isRecognised({ email }, deviceHeader(lostDevice.deviceToken))).toBe(false);
    expect(await isRecognised({ email }, deviceHeader(ada.deviceToken))).toBe(true);
    expect((await logIn(app, email, { deviceToken: lostDevice.deviceToken })).deviceToken).not.toBe(
      lostDevice.deviceToken,
    );
    await app.age(DAY);

    await app.post('/auth/forgot', { email }).expect(202);
    const [{ text } = { text: '' }] = await app.messages(email);
    const token = /#token=(\S+)/.exec(text)?.[1];
    await app.patch('/auth/reset', { token, password: 'quite another horse battery' }).expect(200);
    expect(await isRecognised({ email }, deviceHeader(ada.deviceToken))).toBe(false);
  });

  it('forgets a device after 180 days without use, and not earlier', async () => {
    const { email, deviceToken } = await newUser();
    await app.age(179 * DAY);
    expect(await isRecognised({ email }, deviceHeader(deviceToken))).toBe(true);
    // A sign-in counts as use.
    await logIn(app, email, { deviceToken });
    await app.age(179 * DAY);
    expect(await isRecognised({ email }, deviceHeader(deviceToken))).toBe(true);
    await app.age(DAY);
    expect(await isRecognised({ email }, deviceHeader(deviceToken))).toBe(false);
  });

  /** Guesses wrong codes until the limit and returns how many were checked. A code allows three. */
  async function countCheckedGuesses(address: Address, device: DeviceHeaders = {}): Promise<number> {
    let checked = 0;
    for (;;) {
      await app.ageWhenSent(60);
      const sent = await sendCode(address, device);
      if (sent.status === 429) return checked;
      expect(sent.status).toBe(201);
      for (let guess = 0; guess < 4; guess++) {
        const { status, body } = await verifyCode(address, `00000${guess}`, device);
        if (body.code === 'otp_invalid') checked++;
        else expect([403, 429]).toContain(status);
      }
    }
  }

  describe.each(['email', 'phone'] as const)('owner sign-in while strangers guess codes by %s', (kind) => {
    let owner: Person;
    let address: Address;
    beforeEach(async () => {
      const phone = `+1415555${1_000 + userCount}`;
      owner = await newUser({ phone });
      address = kind === 'phone' ? { phone } : { email: owner.email };
      if (kind === 'phone') await verifyCode(address, await requestCode(address)).expect(201);
      await app.age(DAY);
    });

    async function expectOwnerSignsIn(): Promise<void> {
      const device = deviceHeader(owner.deviceToken);
      const otp = await requestCode(address, device);
      const { body } = await verifyCode(address, otp, device).expect(201);
      expect(body).toMatchObject({ VerificationStatus: 'approved', user: { id: owner.user.id } });
    }

    it('succeeds at once after strangers have used the 20 guesses of the day', async () => {
      expect(await countCheckedGuesses(address)).toBe(MAX_GUESSES);
      await expectOwnerSignsIn();
      for (const { status, body } of [await sendCode(address), await verifyCode(address, '000000')])
        expect([status, body.code]).toEqual([429, 'otp_guess_limit']);
      // Strangers get no new guesses from the owner's sign-in, nor before the day has passed.
      await app.age(DAY - 30 * 60);
      expect(await countCheckedGuesses(address)).toBe(0);
      await app.age(30 * 60);
      expect(await countCheckedGuesses(address)).toBe(MAX_GUESSES);
    });

    it('succeeds at once after strangers have used the 10 messages of the day', async () => {
      const before = (await app.messages(recipientOf(address))).length;
      for (let count = 0; count < MAX_SENDS; count++) {
        await sendCode(address).expect(201);
        await app.ageWhenSent(60);
      }
      const { status, body, headers } = await sendCode(address);
      expect([status, body.code]).toEqual([429, 'otp_send_limit']);
      expect(Number(headers['retry-after'])).toBeGreaterThan(DAY - 1_000);
      expect(await app.messages(recipientOf(address))).toHaveLength(before + MAX_SENDS);
      await expectOwnerSignsIn();
      await sendCode(address).expect(429);
    });
  });

  it('lets the owner sign in while strangers guess passwords', async () => {
    const { email, user, deviceToken } = await newUser();
    const statuses = [];
    for (let i = 0; i < STRANGER_GUESSES + 5; i++) statuses.push((await signIn(email, `wrong ${i}`)).status);
    expect(statuses).toEqual([...Array<number>(STRANGER_GUESSES).fill(401), ...Array<number>(5).fill(429)]);
    const refused = await signIn(email, PASSWORD);
    expect([refused.status, refused.body.code]).toEqual([429, 'password_guess_limit']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(DAY - 600);

    const { body } = await signIn(email, PASSWORD, deviceCookie(deviceToken)).expect(200);
    expect(body).toMatchObject({ user: { id: user.id } });
    await verifyCode({ email }, await requestCode({ email })).expect(201);
    // Neither sign-in gives the strangers another guess.
    await signIn(email, PASSWORD).expect(429);
    await app.age(DAY);
    await signIn(email, PASSWORD).expect(200);
  });
});
