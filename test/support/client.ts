import request from 'supertest';
import type { InboxMessage } from '../../src/inbox/inbox-store.js';
import { until } from './until.js';

/** Calls one server. */
export class Client {
  constructor(readonly url: string) {}

  post(path: string, body?: object): request.Test {
    return request(this.url).post(path).send(body);
  }

  patch(path: string, body?: object): request.Test {
    return request(this.url).patch(path).send(body);
  }

  get(path: string): request.Test {
    return request(this.url).get(path);
  }

  /** What the development inbox holds for an address, newest first. */
  async messages(to: string): Promise<InboxMessage[]> {
    const { body } = await this.get(`/inbox/messages?to=${encodeURIComponent(to)}`);
    return body as InboxMessage[];
  }

  /** The code of the newest message to an address, once so many have arrived. */
  async code(to: string, count = 1): Promise<string> {
    return until(`message number ${count} to ${to}`, async () => {
      const messages = await this.messages(to);
      return messages.length >= count && /\b\d{4,10}\b/.exec(messages[0]?.text ?? '')?.[0];
    });
  }

  /** The code that an address gets when it is asked for, and its message; notices may come before it. */
  async codeOf(to: string, ask: () => PromiseLike<unknown>): Promise<{ otp: string; text: string }> {
    const known = new Set((await this.messages(to)).map(({ id }) => id));
    await ask();
    return until(`a code for ${to}`, async () => {
      for (const { id, text } of await this.messages(to)) {
        const otp = /^\d{4,10}\b/m.exec(text)?.[0];
        if (otp && !known.has(id)) return { otp, text };
      }
      return null;
    });
  }
}
