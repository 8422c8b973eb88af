import request from 'supertest';
import type { Person } from './accounts.js';
import type { Client } from './client.js';

export interface ApplicationReply {
  id: string;
  secret?: string;
}

/** A program that calls the server with its credentials. */
export class ApplicationClient {
  constructor(
    readonly url: string,
    readonly id: string,
    readonly secret?: string,
  ) {}

  post(path: string, body?: object): request.Test {
    return this.with(request(this.url).post(path)).send(body);
  }

  get(path: string): request.Test {
    return this.with(request(this.url).get(path));
  }

  private with(test: request.Test): request.Test {
    return this.secret === undefined
      ? test.set('x-application-id', this.id)
      : test.set('authorization', basic(this.id, this.secret));
  }
}

export const basic = (id: string, secret: string) =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

/** Creates an application and returns a client that calls as this application. */
export async function createApplication(
  app: Client,
  admin: Person,
  fields: object,
): Promise<ApplicationClient> {
  const { body } = await admin.post('/applications', { name: 'Shop', kind: 'server', ...fields }).expect(201);
  const { id, secret } = body as ApplicationReply;
  return new ApplicationClient(app.url, id, secret);
}
