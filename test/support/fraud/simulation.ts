import { Agent } from 'node:http';
import type { Challenge } from 'altcha-lib';
import { age } from '../age.js';
import type { Client } from '../client.js';
import { Cluster } from '../cluster.js';
import { inParallel, post, type Reply } from '../parallel.js';
import { forgeProof } from '../proof.js';

const APP_SECRET = 'the secret of a simulation';
const CONNECTIONS = 64;
export const PRICE = 0.3;
export const SPEND_PER_DAY = 10_000;
export const SPEND_PER_HOUR = SPEND_PER_DAY / 4;

/** A request of somebody on a network. */
export interface Visit {
  path: string;
  body: object;
  ip: string;
  /** Whom a proof of work is about: `phone:+1…` or `email:…`. */
  recipient: string;
  deviceToken?: string;
  accessToken?: string;
  headers?: Record<string, string>;
}

export interface Answer extends Reply {
  /** Proofs of work that were solved, and the highest level. */
  level: number;
}

/**
 * Two server processes on PostgreSQL that people and attackers use. The clock is the age of the rows.
 * Each scenario begins without counters and messages.
 */
export class Simulation {
  /** Work of the proofs that were solved, in proofs of level 1. */
  work = 0;
  private next = 0;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

  private constructor(readonly cluster: Cluster) {}

  static async start(): Promise<Simulation> {
    return new Simulation(
      await Cluster.start(2, {
        APP_SECRET,
        BCRYPT_COST: '4',
        OTP_EXPOSE_CODE: 'true',
        TRUST_PROXY: 'loopback',
        FRAUD_MODE: 'enforce',
        PHONE_SPEND_PER_HOUR: String(SPEND_PER_HOUR),
        PHONE_SPEND_PER_DAY: String(SPEND_PER_DAY),
      }),
    );
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    await this.cluster.stop();
  }

  async reset(): Promise<void> {
    await this.cluster.sql('truncate budget_counters, challenges, messages');
    this.work = 0;
  }

  /** The process whose inbox has the mails that it is asked for. */
  get client(): Client {
    return this.cluster.clients[0] as Client;
  }

  /** Sends a request to the processes in turn, or to the process at `url`. */
  call({ path, body, ip, deviceToken, accessToken, ...more }: Visit, url?: string): Promise<Reply> {
    const { urls } = this.cluster;
    const headers = {
      ...more.headers,
      'x-forwarded-for': ip,
      ...(deviceToken && { 'x-device-token': deviceToken }),
      ...(accessToken && { authorization: `Bearer ${accessToken}` }),
    };
    const method = path === '/users/me' ? 'PATCH' : 'POST';
    return post(url ?? urls[this.next++ % urls.length] ?? '', { method, path, body, headers }, this.agent);
  }

  /** Sends a request, and again with a proof of work if the reply asks for one. */
  async callWithProof(visit: Visit, url?: string): Promise<Answer> {
    const reply = await this.call(visit, url);
    if (reply.body.code !== 'proof_of_work_required') return { ...reply, level: 0 };
    const { level } = (reply.body.proofOfWork as Challenge).parameters.data as { level: number };
    this.work += 2 ** (level - 1);
    const { recipient: subject, ip } = visit;
    const proofOfWork = await forgeProof(APP_SECRET, { subject, ip, level });
    return { ...(await this.call({ ...visit, body: { ...visit.body, proofOfWork } }, url)), level };
  }

  /** Works for each item, `atOnce` at a time. */
  async each<Item>(
    items: Item[],
    work: (item: Item) => Promise<unknown>,
    atOnce = CONNECTIONS,
  ): Promise<void> {
    const waiting = items.values();
    await inParallel(atOnce, async () => {
      const { value, done } = waiting.next();
      if (!done) await work(value);
      return !done;
    });
  }

  /** Lets time pass. The table locks wait for what the servers still write, so that rows do not deadlock. */
  age(seconds: number): Promise<void> {
    const lock = (statement: string) => {
      const table = /^update (budget_counters|messages|challenges) /.exec(statement)?.[1];
      return table ? `lock table ${table}; ${statement}` : statement;
    };
    return age((statement) => this.cluster.sql(lock(statement)), seconds);
  }
}

/** What happened to people who asked for codes. */
export class Crowd {
  attempts = 0;
  messages = 0;
  asked = 0;
  /** How often each error code refused. */
  readonly refusals: Record<string, number> = {};

  constructor(
    readonly simulation: Simulation,
    /** Whether they solve proofs of work. */
    private readonly solves: boolean,
  ) {}

  get refused(): number {
    return Object.values(this.refusals).reduce((sum, count) => sum + count, 0);
  }

  /** Asks for a code. Returns it, or null if it was not sent. */
  async request(
    address: { phone_number: string } | { email: string },
    ip: string,
    headers: Record<string, string> = {},
  ): Promise<string | null> {
    const recipient = 'email' in address ? `email:${address.email}` : `phone:${address.phone_number}`;
    const body = await this.ask({ path: '/otp/generate', body: address, ip, recipient, headers });
    return body && (body.otp as string);
  }

  async verify(phone_number: string, otp: string, ip: string): Promise<void> {
    const recipient = `phone:${phone_number}`;
    await this.enter({ path: '/otp/verify', body: { phone_number, otp }, ip, recipient });
  }

  /** Signs in to an account. Its recognised devices are recognised here, and not at `/otp`. */
  async signIn(phone: string, ip: string, deviceToken: string): Promise<void> {
    const { client } = this.simulation;
    const visit = { body: { phone }, ip, recipient: `phone:${phone}`, deviceToken };
    const earlier = (await client.messages(phone)).length;
    if (!(await this.ask({ ...visit, path: '/auth/send_otp' }, client.url))) return;
    const otp = await client.code(phone, earlier + 1);
    await this.enter({ ...visit, path: '/auth/verify_otp', body: { phone, otp } });
  }

  /** The reply to a request for a code; null if nothing was sent. */
  private async ask(visit: Visit, url?: string): Promise<Reply['body'] | null> {
    this.attempts++;
    const { status, body, level } = this.solves
      ? await this.simulation.callWithProof(visit, url)
      : { ...(await this.simulation.call(visit, url)), level: 0 };
    if (level > 0 || status === 403) this.asked++;
    if (status < 300) {
      this.messages++;
      return body;
    }
    const code = String(body.code);
    if (status === 429) this.refusals[code] = (this.refusals[code] ?? 0) + 1;
    else if (status !== 403) throw new Error(`${status} ${JSON.stringify(body)}`);
    return null;
  }

  private async enter(visit: Visit): Promise<void> {
    const { status, body } = await this.simulation.call(visit);
    if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  }
}
