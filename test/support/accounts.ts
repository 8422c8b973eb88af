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

/** Somebody who is signed in, with the calls that carry the access token. */
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

/** Registers and proves an address, as its owner does. */
export async function signUp(app: Client, email: string, more: object = {}): Promise<Person> {
  const register = () => app.post('/auth/register', { email, password: PASSWORD, ...more }).expect(201);
  const { otp } = await app.codeOf(email, register);
  const { body } = await app.post('/auth/verify', { email, otp }).expect(200);
  return new Person(app, email, body as SignedInReply);
}

/** Signs in once more, as on another device unless a device token is given. */
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

/** Changes an address, as whoever reads the new one does. */
export async function changeContact(app: Client, person: Person, address: Address): Promise<void> {
  const [to = ''] = Object.values<string>(address);
  const { otp } = await app.codeOf(to, () => person.patch('/users/me', address).expect(200));
  await person.post('/users/me/contact/verify', { ...address, otp }).expect(200);
}

/** The token of the newest link to undo a change that an address got, once so many have arrived. */
export function undoToken(app: Client, to: string, count = 1): Promise<string> {
  return until(`undo link number ${count} to ${to}`, async () => {
    const texts = (await app.messages(to)).map(({ text }) => text);
    const tokens = texts.flatMap((text) => /\/undo#token=([\w-]+)/.exec(text)?.[1] ?? []);
    return tokens.length >= count && tokens[0];
  });
}

/** Signs in with a code, as whoever reads the address does. */
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
