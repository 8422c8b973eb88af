import request from 'supertest';
import type { InboxMessage } from '../../src/inbox/inbox-store.js';
import { until } from './until.js';

/** An HTTP client for one server. */
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

  /** The messages to an address in the development inbox, newest first. */
  async messages(to: string): Promise<InboxMessage[]> {
    const { body } = await this.get(`/inbox/messages?to=${encodeURIComponent(to)}`);
    return body as InboxMessage[];
  }

  /** Waits for `count` messages to an address and returns the code of the newest. */
  async code(to: string, count = 1): Promise<string> {
    return until(`message number ${count} to ${to}`, async () => {
      const messages = await this.messages(to);
      return messages.length >= count && /\b\d{4,10}\b/.exec(messages[0]?.text ?? '')?.[0];
    });
  }

  /** Requests a code and returns it with its message. Skips notices and earlier messages. */
  async codeOf(to: string, requestCode: () => PromiseLike<unknown>): Promise<{ otp: string; text: string }> {
    const earlier = new Set((await this.messages(to)).map(({ id }) => id));
    await requestCode();
    return until(`a code for ${to}`, async () => {
      for (const { id, text } of await this.messages(to)) {
        const otp = /^\d{4,10}\b/m.exec(text)?.[0];
        if (otp && !earlier.has(id)) return { otp, text };
      }
      return null;
    });
  }
}
