// Simulated users. Each scenario is a few requests and ends early on an unexpected answer.
import { Agent, request } from 'node:http';

/** Scenarios started per second. Together they make 296 requests per second. */
const RATES = { guestSignIn: 30, smsApproval: 25, memberSession: 17, passwordSignIn: 2 };
const TICK_MS = 20;

/** The e-mail address of a member. All members have the same password. */
export const memberEmail = (number) => `member${number}@bench.test`;
export const PASSWORD = 'correct horse battery staple';

export class Traffic {
  answers = {};
  latencies = [];
  unexpected = [];
  #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #started = Object.fromEntries(Object.keys(RATES).map((name) => [name, 0]));
  #running = new Set();

  /** `share` scales the rates. */
  constructor(url, vendors, members, share) {
    Object.assign(this, { url, vendors, members, share });
  }

  /** Starts scenarios at their rates, whether or not the server keeps up. */
  start() {
    const started = performance.now();
    this.timer = setInterval(() => {
      const seconds = (performance.now() - started) / 1000;
      for (const [name, rate] of Object.entries(RATES))
        while (this.#started[name] < rate * this.share * seconds) this.#startScenario(name);
    }, TICK_MS);
  }

  async stop() {
    clearInterval(this.timer);
    await Promise.all(this.#running);
    this.#agent.destroy();
  }

  #startScenario(name) {
    const scenario = this[name](++this.#started[name])
      .catch((error) => this.unexpected.push(`${name}: ${error.message}`))
      .finally(() => this.#running.delete(scenario));
    this.#running.add(scenario);
  }

  /** Verifies an address without an account; the first attempt has a wrong code. */
  async guestSignIn(number) {
    const email = `guest${number}@bench.test`;
    await this.#call('/auth/send_otp', { email }, 201);
    const otp = await this.vendors.takeCode(email);
    await this.#call('/auth/verify_otp', { email, otp: wrongCode(otp) }, 400);
    await this.#call('/auth/verify_otp', { email, otp }, 201);
  }

  /** Verifies a text message after a resend within the cooldown and a wrong code. */
  async smsApproval(number) {
    const phone_number = `+1415${4_000_000 + (number % 1_000_000)}`;
    await this.#call('/otp/generate', { phone_number }, 200);
    await this.#call('/otp/resend', { phone_number }, 429);
    const otp = await this.vendors.takeCode(phone_number);
    await this.#call('/otp/verify', { phone_number, otp: wrongCode(otp) }, 400);
    await this.#call('/otp/verify', { phone_number, otp }, 200);
  }

  /** Signs in with a code, reads, refreshes the tokens, reads and signs out. */
  async memberSession(number) {
    const email = memberEmail(number % this.members);
    await this.#call('/auth/send_otp', { email }, 201);
    const otp = await this.vendors.takeCode(email);
    const first = await this.#call('/auth/verify_otp', { email, otp }, 201);
    await this.#call('/users/me', undefined, 200, first.accessToken);
    const next = await this.#call('/auth/refresh', { refreshToken: first.refreshToken }, 200);
    await this.#call('/customers', undefined, 200, next.accessToken);
    await this.#call('/auth/logout', {}, 201, next.accessToken);
  }

  async passwordSignIn(number) {
    const email = memberEmail(number % this.members);
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
      ...(json && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(json),
      }),
      ...(token && { authorization: `Bearer ${token}` }),
    };
    const method = json ? 'POST' : 'GET';
    return new Promise((resolve, reject) => {
      request(this.url + path, { method, agent: this.#agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('error', reject).on('end', () => resolve({ status: response.statusCode, text }));
      })
        .on('error', reject)
        .end(json);
    });
  }
}

function wrongCode(otp) {
  return String((Number(otp) + 1) % 1_000_000).padStart(6, '0');
}
