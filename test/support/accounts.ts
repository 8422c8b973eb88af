import request from 'supertest';
import type { Client } from './client.js';
import { until } from './until.js';

export const PASSWORD = 'correct horse battery staple';

export interface SignedInReply {
  accessToken: string;
  refreshToken: string;
  deviceToken: string;
  user: { id: string; email: string | null };
}

/** A signed-in person. Its calls carry the access token. */
export class Person {
  constructor(
    private readonly app: Client,
    readonly email: string,
    private readonly signedIn: SignedInReply,
  ) {}

  get accessToken(): string {
    return this.signedIn.accessToken;
  }

  get refreshToken(): string {
    return this.signedIn.refreshToken;
  }

  get deviceToken(): string {
    return this.signedIn.deviceToken;
  }

  get user(): SignedInReply['user'] {
    return this.signedIn.user;
  }

  get(path: string): request.Test {
    return this.with(request(this.app.url).get(path));
  }

  post(path: string, body?: object): request.Test {
    return this.with(request(this.app.url).post(path)).send(body);
  }

  patch(path: string, body?: object): request.Test {
    return this.with(request(this.app.url).patch(path)).send(body);
  }

  delete(path: string): request.Test {
    return this.with(request(this.app.url).delete(path));
  }

  private with(test: request.Test): request.Test {
    return test.set('authorization', `Bearer ${this.accessToken}`);
  }
}

/** Registers an address and verifies it with the mailed code. */
export async function signUp(app: Client, email: string, fields: object = {}): Promise<Person> {
  const register = () => app.post('/auth/register', { email, password: PASSWORD, ...fields }).expect(201);
  const { otp } = await app.codeOf(email, register);
  const { body } = await app.post('/auth/verify', { email, otp }).expect(200);
  return new Person(app, email, body as SignedInReply);
}

/** Signs in again. Without a device token, this counts as another device. */
export async function logIn(
  app: Client,
  email: string,
  { password = PASSWORD, deviceToken = '' } = {},
): Promise<Person> {
  const { body } = await app
    .post('/auth/login', { email, password })
    .set('x-device-token', deviceToken)
    .expect(200);
  return new Person(app, email, body as SignedInReply);
}

export type Address = { email: string } | { phone: string };

/** Changes an address and verifies the new one with the code that it receives. */
export async function changeContact(app: Client, person: Person, address: Address): Promise<void> {
  const [to = ''] = Object.values<string>(address);
  const { otp } = await app.codeOf(to, () => person.patch('/users/me', address).expect(200));
  await person.post('/users/me/contact/verify', { ...address, otp }).expect(200);
}

/** Waits for `count` undo links to an address and returns the token of the newest. */
export function undoToken(app: Client, to: string, count = 1): Promise<string> {
  return until(`undo link number ${count} to ${to}`, async () => {
    const texts = (await app.messages(to)).map(({ text }) => text);
    const tokens = texts.flatMap((text) => /\/undo#token=([\w-]+)/.exec(text)?.[1] ?? []);
    return tokens.length >= count && tokens[0];
  });
}

/** Signs in with a code that the address receives. */
export async function signInByCode(
  app: Client,
  address: Address,
  { deviceToken = '' } = {},
): Promise<Person> {
  const [to = ''] = Object.values<string>(address);
  const { otp } = await app.codeOf(to, () => app.post('/auth/send_otp', address).expect(201));
  const { body } = await app
    .post('/auth/verify_otp', { ...address, otp })
    .set('x-device-token', deviceToken)
    .expect(201);
  return new Person(app, to, body as SignedInReply);
}
