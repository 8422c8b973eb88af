// What people do, each a few requests: a story ends early when an answer is not the expected one.
import { Agent, request } from 'node:http';

/** Stories a second, which with their lengths are 296 requests. */
const RATES = { guest: 30, approval: 25, member: 17, password: 2 };
const TICK_MS = 20;

/** Their e-mail addresses; each has the same password. */
export const memberOf = (number) => `member${number}@bench.test`;
export const PASSWORD = 'correct horse battery staple';

export class Stories {
  answers = {};
  latencies = [];
  unexpected = [];
  #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #begun = { guest: 0, approval: 0, member: 0, password: 0 };
  #open = new Set();

  constructor(url, vendors, members, share) {
    Object.assign(this, { url, vendors, members, share });
  }

  /** Begins stories at a share of their rates, whether or not the server keeps up. */
  start() {
    const started = performance.now();
    this.timer = setInterval(() => {
      const seconds = (performance.now() - started) / 1000;
      for (const [name, rate] of Object.entries(RATES))
        while (this.#begun[name] < rate * this.share * seconds) this.#begin(name);
    }, TICK_MS);
  }

  async stop() {
    clearInterval(this.timer);
    await Promise.all(this.#open);
    this.#agent.destroy();
  }

  #begin(name) {
    const story = this[name](++this.#begun[name])
      .catch((error) => this.unexpected.push(`${name}: ${error.message}`))
      .finally(() => this.#open.delete(story));
    this.#open.add(story);
  }

  /** Signs in without an account, after a slip. */
  async guest(number) {
    const email = `guest${number}@bench.test`;
    await this.#call('/auth/send_otp', { email }, 201);
    const otp = await this.vendors.codeOf(email);
    await this.#call('/auth/verify_otp', { email, otp: otherThan(otp) }, 400);
    await this.#call('/auth/verify_otp', { email, otp }, 201);
  }

  /** Approves something by text message, impatiently. */
  async approval(number) {
    const phone_number = `+1415${4_000_000 + (number % 1_000_000)}`;
    await this.#call('/otp/generate', { phone_number }, 200);
    await this.#call('/otp/resend', { phone_number }, 429);
    const otp = await this.vendors.codeOf(phone_number);
    await this.#call('/otp/verify', { phone_number, otp: otherThan(otp) }, 400);
    await this.#call('/otp/verify', { phone_number, otp }, 200);
  }

  /** Signs in with a code, looks around, stays a little, signs out. */
  async member(number) {
    const email = memberOf(number % this.members);
    await this.#call('/auth/send_otp', { email }, 201);
    const otp = await this.vendors.codeOf(email);
    const first = await this.#call('/auth/verify_otp', { email, otp }, 201);
    await this.#call('/users/me', undefined, 200, first.accessToken);
    const next = await this.#call('/auth/refresh', { refreshToken: first.refreshToken }, 200);
    await this.#call('/customers', undefined, 200, next.accessToken);
    await this.#call('/auth/logout', {}, 201, next.accessToken);
  }

  async password(number) {
    const email = memberOf(number % this.members);
    const { accessToken } = await this.#call('/auth/login', { email, password: PASSWORD }, 200);
    await this.#call('/auth/sessions', undefined, 200, accessToken);
  }

  async #call(path, body, expected, token) {
    const started = performance.now();
    const { status, text } = await this.#send(path, body, token);
    this.latencies.push(performance.now() - started);
    this.answers[status] = (this.answers[status] ?? 0) + 1;
    if (status !== expected) throw new Error(`${path} answered ${status} ${text.slice(0, 200)}`);
    return JSON.parse(text);
  }

  #send(path, body, token) {
    const json = body && JSON.stringify(body);
    const headers = {
      ...(json && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }),
      ...(token && { authorization: `Bearer ${token}` }),
    };
    return new Promise((resolve, reject) => {
      request(this.url + path, { method: json ? 'POST' : 'GET', agent: this.#agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('error', reject).on('end', () => resolve({ status: response.statusCode, text }));
      })
        .on('error', reject)
        .end(json);
    });
  }
}

function otherThan(otp) {
  return String((Number(otp) + 1) % 1_000_000).padStart(6, '0');
}
