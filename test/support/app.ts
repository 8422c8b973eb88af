import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import request from 'supertest';
import type { InboxMessage } from '../../src/common/inbox.js';
import { testDatabase } from './database.js';

interface Answer {
  id: number;
  rows?: unknown[];
  error?: string;
}

/** The built application on its own database and a free port. */
export class TestApp {
  private asked = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly output: string[],
    private readonly dropDatabase: () => Promise<void>,
    readonly url: string,
  ) {}

  /** Starts one with the given settings. The per-address limit is off unless a test asks for it. */
  static async start(settings: Record<string, string> = {}): Promise<TestApp> {
    const { env, drop } = await testDatabase();
    const { PATH = '', HOME = '', NODE_V8_COVERAGE = '' } = process.env;
    const child = fork('test/support/host.js', {
      env: { PATH, HOME, NODE_V8_COVERAGE, NODE_ENV: 'test', IP_RATE_LIMIT: '0', ...env, ...settings },
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const output: string[] = [];
    child.stdout?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    const started = once(child, 'message') as Promise<[{ port: number }]>;
    const ended = once(child, 'exit').then(() =>
      Promise.reject(new Error(`the application did not start:\n${output.join('')}`)),
    );
    const [{ port }] = await Promise.race([started, ended]);
    ended.catch(() => undefined);
    return new TestApp(child, output, drop, `http://127.0.0.1:${port}`);
  }

  async stop(): Promise<void> {
    const end = once(this.child, 'exit');
    this.child.send('stop');
    await end;
    await this.dropDatabase();
  }

  /** Everything the application has logged. */
  get log(): string {
    return this.output.join('');
  }

  post(path: string, body?: object): request.Test {
    return request(this.url).post(path).send(body);
  }

  get(path: string): request.Test {
    return request(this.url).get(path);
  }

  /** Plain SQL on the application's own connection. */
  async sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const id = ++this.asked;
    const answer = new Promise<Answer>((resolve) => {
      const listen = (message: Answer) => {
        if (message.id !== id) return;
        this.child.off('message', listen);
        resolve(message);
      };
      this.child.on('message', listen);
    });
    this.child.send({ id, text, values });
    const { rows, error } = await answer;
    if (error) throw new Error(error);
    return rows as Row[];
  }

  /** Makes everything known about challenges and messages this much older: the database's clock decides. */
  async age(seconds: number): Promise<void> {
    const by = `make_interval(secs => ${seconds})`;
    await this.sql(`update challenges set issued_at = issued_at - ${by}, expires_at = expires_at - ${by},
      resend_at = resend_at - ${by}, consumed_at = consumed_at - ${by}, failures_since = failures_since - ${by},
      sends_since = sends_since - ${by}`);
    await this.sql(`update messages set created_at = created_at - ${by}, due_at = due_at - ${by},
      expires_at = expires_at - ${by}`);
  }

  /** What the development inbox holds for an address, newest first. */
  async messages(to: string): Promise<InboxMessage[]> {
    const { body } = await this.get(`/inbox/messages?to=${encodeURIComponent(to)}`);
    return body as InboxMessage[];
  }

  /** The code of the newest message to an address, once so many have arrived. */
  async code(to: string, count = 1): Promise<string> {
    for (let tries = 0; tries < 150; tries++) {
      const messages = await this.messages(to);
      const code = messages.length >= count && /\b\d{4,10}\b/.exec(messages[0]?.text ?? '')?.[0];
      if (code) return code;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`no message number ${count} to ${to}`);
  }
}
