import { randomBytes } from 'node:crypto';
import type { Response } from 'supertest';
import { logIn, PASSWORD, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { decode } from '../support/jws.js';
import { withProof } from '../support/proof.js';

const DAY = 86_400;
/**
 * Wrong codes without a proof of work per address and lane in a day, and wrong passwords of recognised
 * devices.
 */
const MAX_GUESSES = 20;
/** Wrong passwords by strangers, the last five with proofs of work; recognised devices have five more. */
const STRANGER_GUESSES = 15;
/** Messages a day to an address, over all lanes: without a proof of work, and in all. */
const FREE_SENDS = 6;
const MAX_SENDS = 20;

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
    cookie: `theme=dark; __Host-device_token=${token}; a=b`,
  });
  const setCookie = ({ headers }: Response) =>
    (headers['set-cookie'] as unknown as string[] | undefined)?.[0];
  const tokenInCookie = (reply: Response) => /device_token=([\w-]+);/.exec(setCookie(reply) ?? '')?.[1] ?? '';
  const sessionId = ({ accessToken }: Person) => decode(accessToken.split('.')[1]).sid as string;

  const sendCode = (address: Address, device: DeviceHeaders = {}) =>
    app.post('/auth/send_otp', address).set(device);
  const verifyCode = (address: Address, otp: string, device: DeviceHeaders = {}) =>
    app.post('/auth/verify_otp', { ...address, otp }).set(device);
  const signIn = (email: string, guess: string, device: DeviceHeaders = {}) =>
    app.post('/auth/login', { email, password: guess }).set(device);
  const forgetMessages = () => app.sql(`delete from budget_counters where key like 'to:%'`);
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
    await forgetMessages();
    await sendCode(address).expect(201);
    const { status, body } = await sendCode(address, device);
    expect([201, 429]).toContain(status);
    if (status === 429) expect(body.code).toBe('otp_cooldown');
    return status === 201;
  }

  const deviceIdOf = (token: string) => Buffer.from(token, 'base64url').subarray(0, 16).toString('hex');

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
          `__Host-device_token=${deviceToken}; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax; Secure`,
        );
      }
      expect(setCookie(await signIn(email, 'wrong').expect(401))).toBeUndefined();
    });

    it('is in a cookie without a prefix if the server has no https', async () => {
      const plain = await TestApp.start({ BCRYPT_COST: '4' });
      try {
        const { email } = await signUp(plain, 'ada@example.com');
        const { body, headers } = await plain.post('/auth/login', { email, password: PASSWORD }).expect(200);
        expect(headers['set-cookie']).toEqual([
          `device_token=${body.deviceToken}; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax`,
        ]);
        const reply = await plain
          .post('/auth/login', { email, password: PASSWORD })
          .set('cookie', `device_token=${body.deviceToken}`)
          .expect(200);
        expect(deviceIdOf(tokenInCookie(reply))).toBe(deviceIdOf(body.deviceToken as string));
      } finally {
        await plain.stop();
      }
    });

    it('is not accepted under https in a cookie that another host of the domain could plant', async () => {
      const { email, deviceToken } = await newUser();
      for (const name of ['device_token', 'x__Host-device_token'])
        expect(await isRecognised({ email }, { cookie: `${name}=${deviceToken}` })).toBe(false);
    });

    it.each<[string, (token: string) => DeviceHeaders]>([
      ['of the same origin', () => ({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })],
      ['of the same site', () => ({ 'sec-fetch-site': 'same-site' })],
      [
        'whose script sends the header',
        (token) => ({ 'sec-fetch-site': 'same-site', ...deviceHeader(token) }),
      ],
      ['that sends the cookie', deviceCookie],
    ])('is only in the cookie for a page %s', async (_, headers) => {
      const { email, deviceToken } = await newUser();
      const otp = await requestCode({ email }, headers(deviceToken));
      for (const reply of [
        await verifyCode({ email }, otp, headers(deviceToken)).expect(201),
        await signIn(email, PASSWORD, headers(deviceToken)).expect(200),
      ]) {
        expect(reply.body).toMatchObject({ accessToken: expect.any(String) });
        expect(reply.body).not.toHaveProperty('deviceToken');
        expect(await isRecognised({ email }, deviceCookie(tokenInCookie(reply)))).toBe(true);
      }
    });

    it.each<[string, (token: string) => DeviceHeaders]>([
      ['page of another site, which gets no cookie', () => ({ 'sec-fetch-site': 'cross-site' })],
      ['client that sends the header', deviceHeader],
      ['client that sends both', (token) => ({ ...deviceHeader(token), ...deviceCookie(token) })],
      ['client with other cookies', () => ({ cookie: 'AWSALB=1' })],
    ])('is in the reply for a %s', async (_, headers) => {
      const { email, deviceToken } = await newUser();
      const reply = await signIn(email, PASSWORD, headers(deviceToken)).expect(200);
      expect(reply.body.deviceToken).toBe(tokenInCookie(reply));
    });

    it('is replaced at each sign-in of one device and differs for another', async () => {
      const first = await newUser();
      const { email } = first;
      const tokens = [first.deviceToken];
      for (const device of [deviceHeader, deviceCookie, deviceHeader])
        tokens.push(tokenInCookie(await signIn(email, PASSWORD, device(tokens.at(-1) ?? '')).expect(200)));
      // Signing out does not forget the device.
      await first.post('/auth/logout').expect(201);
      tokens.push((await logIn(app, email, { deviceToken: tokens.at(-1) })).deviceToken);
      expect(new Set(tokens).size).toBe(tokens.length);
      expect(new Set(tokens.map(deviceIdOf)).size).toBe(1);
      expect(deviceIdOf((await logIn(app, email)).deviceToken)).not.toBe(deviceIdOf(first.deviceToken));
    });

    it('is recognised until the token after its successor was issued', async () => {
      const { email, deviceToken } = await newUser();
      const second = await logIn(app, email, { deviceToken });
      expect(await isRecognised({ email }, deviceHeader(deviceToken))).toBe(true);
      expect(await isRecognised({ email }, deviceHeader(second.deviceToken))).toBe(true);
      const third = await logIn(app, email, { deviceToken: second.deviceToken });
      expect(await isRecognised({ email }, deviceHeader(deviceToken))).toBe(false);
      expect(await isRecognised({ email }, deviceHeader(second.deviceToken))).toBe(true);
      expect(await isRecognised({ email }, deviceHeader(third.deviceToken))).toBe(true);
    });

    it('survives lost replies, and a lost token is replaced', async () => {
      const { email, deviceToken } = await newUser();
      const lost = await logIn(app, email, { deviceToken });
      const together = await logIn(app, email, { deviceToken });
      expect(together.deviceToken).toBe(lost.deviceToken);
      await app.age(11);
      const newest = await logIn(app, email, { deviceToken });
      expect(newest.deviceToken).not.toBe(lost.deviceToken);
      expect(await isRecognised({ email }, deviceHeader(lost.deviceToken))).toBe(false);
      for (const token of [deviceToken, newest.deviceToken])
        expect(await isRecognised({ email }, deviceHeader(token))).toBe(true);
    });

    it('of a later sign-in is evidence for a refresh of the device', async () => {
      const first = await newUser();
      await app.post('/auth/refresh', { refreshToken: first.refreshToken }).expect(200);
      const second = await logIn(app, first.email, { deviceToken: first.deviceToken });
      for (const { deviceToken } of [first, second]) {
        await app.age(11);
        await app
          .post('/auth/refresh', { refreshToken: first.refreshToken })
          .set(deviceHeader(deviceToken))
          .expect(200);
      }
    });
  });

  it('recognises ten devices of an account and forgets the one that was not used for longest', async () => {
    const { email, user, deviceToken } = await newUser();
    const others: Person[] = [];
    for (let count = 1; count < 10; count++) others.push(await logIn(app, email));
    // The first device is used again, so the second one is the oldest.
    const { deviceToken: newest } = await logIn(app, email, { deviceToken });
    others.push(await logIn(app, email));
    const count = 'select count(*)::int from devices where user_id = $1';
    expect(await app.sql(count, [user.id])).toEqual([{ count: 10 }]);
    expect(await isRecognised({ email }, deviceHeader(others[0]?.deviceToken ?? ''))).toBe(false);
    for (const token of [newest, others[1]?.deviceToken ?? '', others[9]?.deviceToken ?? ''])
      expect(await isRecognised({ email }, deviceHeader(token))).toBe(true);
    // Its session stays.
    await others[0]?.get('/users/me').expect(200);
  });

  describe('notice of a sign-in with a device token', () => {
    const HOME = { 'x-forwarded-for': '203.0.113.7', 'user-agent': 'Acme/2.3 (iPhone)' };
    const OTHER_NETWORK = { ...HOME, 'x-forwarded-for': '198.51.100.9' };
    const OTHER_PROGRAM = { ...HOME, 'user-agent': 'curl/8.5' };
    let proxied: TestApp;
    beforeAll(async () => {
      proxied = await TestApp.start({ BCRYPT_COST: '4', TRUST_PROXY: 'loopback' });
    });
    afterAll(() => proxied?.stop());

    const countNotices = async (email: string) =>
      (
        await proxied.sql(`select from messages where template = 'new_sign_in' and recipient = $1`, [
          `email:${email}`,
        ])
      ).length;
    const signInFrom = async (email: string, token: string, client: DeviceHeaders) =>
      (
        await proxied
          .post('/auth/login', { email, password: PASSWORD })
          .set({ ...client, ...deviceHeader(token) })
          .expect(200)
      ).body.deviceToken as string;

    it.each<[string, number, DeviceHeaders]>([
      ['is not sent for an update of the program', 0, { ...HOME, 'user-agent': 'Acme/2.4 (iPhone)' }],
      ['is not sent for another network', 0, OTHER_NETWORK],
      ['is not sent for another program', 0, OTHER_PROGRAM],
      ['is sent for another network and program', 1, { ...OTHER_NETWORK, 'user-agent': 'curl/8.5' }],
      ['is sent for another network and no program', 1, { ...OTHER_NETWORK, 'user-agent': '' }],
    ])('%s', async (_, notices, client) => {
      const { email, deviceToken } = await signUp(proxied, `somebody-${++userCount}@example.com`);
      // The registration was made without a program.
      const token = await signInFrom(email, deviceToken, { ...HOME, 'x-forwarded-for': '127.0.0.1' });
      const home = await signInFrom(email, token, HOME);
      expect(await countNotices(email)).toBe(0);
      await signInFrom(email, home, client);
      expect(await countNotices(email)).toBe(notices);
    });
  });

  describe('private lane', () => {
    it('applies to each verified address of the user, by header and by cookie', async () => {
      const { email, deviceToken } = await newUser({ phone: '+14155550181' });
      const phone = { phone: '+14155550181' };
      // A phone number counts only after it is verified.
      expect(await isRecognised(phone, deviceHeader(deviceToken))).toBe(false);
      await app.ageWhenSent(60);
      await verifyCode(phone, await requestCode(phone), deviceHeader(deviceToken)).expect(201);
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

  /**
   * Guesses wrong codes until a proof of work is needed and returns how many were checked. A code allows
   * three.
   */
  async function countCheckedGuesses(address: Address, device: DeviceHeaders = {}): Promise<number> {
    let checked = 0;
    for (;;) {
      await app.ageWhenSent(60);
      await forgetMessages();
      await sendCode(address, device).expect(201);
      for (let guess = 0; guess < 4; guess++) {
        const { body } = await verifyCode(address, `00000${guess}`, device);
        if (body.code === 'proof_of_work_required') return checked;
        if (body.code === 'otp_invalid') checked++;
        else expect(body.code).toBe('otp_attempts_exhausted');
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
      if (kind === 'phone')
        await verifyCode(address, await requestCode(address), deviceHeader(owner.deviceToken)).expect(201);
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
      const { status, body } = await verifyCode(address, '000000');
      expect([status, body.code]).toEqual([403, 'proof_of_work_required']);
      // Strangers get no new guesses from the owner's sign-in, nor before the day has passed.
      await app.age(DAY - 30 * 60);
      expect(await countCheckedGuesses(address)).toBe(0);
      await app.age(30 * 60);
      expect(await countCheckedGuesses(address)).toBe(MAX_GUESSES);
    });

    it('succeeds at once after strangers have used the 20 messages of the day', async () => {
      const before = (await app.messages(recipientOf(address))).length;
      for (let count = 0; count < FREE_SENDS; count++) {
        await sendCode(address).expect(201);
        await app.ageWhenSent(60);
      }
      const { body: asked } = await sendCode(address).expect(403);
      expect(asked.code).toBe('proof_of_work_required');
      await app.sql(`update budget_counters set day_sent = $2 where key = $1`, [
        `to:${kind}:${recipientOf(address)}`,
        MAX_SENDS,
      ]);
      const { status, body, headers } = await sendCode(address);
      expect([status, body.code]).toEqual([429, 'otp_send_limit']);
      expect(Number(headers['retry-after'])).toBeGreaterThan(DAY - 1_000);
      expect(await app.messages(recipientOf(address))).toHaveLength(before + FREE_SENDS);
      await expectOwnerSignsIn();
      await sendCode(address).expect(429);
    });
  });

  it('lets the owner sign in while strangers guess passwords', async () => {
    const { email, user, deviceToken } = await newUser();
    const statuses = [];
    for (let i = 0; i < STRANGER_GUESSES + 5; i++) {
      const password = `wrong ${i}`;
      const reply = await withProof((proof) => app.post('/auth/login', { email, password, ...proof }));
      statuses.push(reply.status);
    }
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
