import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Statement } from '../../src/database/sql.js';
import { age } from './age.js';
import { Client } from './client.js';
import { testDatabase } from './database.js';
import { until } from './until.js';

interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

/** Facts that only the application process itself can report. */
export interface Inside {
  /** Statements that would make the migrated schema agree with the entities. */
  pendingSchema: string[];
  /** Method and path, such as `GET /health`. */
  routes: string[];
  /** The named statements. */
  statements: Statement[];
}

/** The built application in its own process, with its own database and a free port. */
export class TestApp extends Client {
  private lastId = 0;
  private readonly pending = new Map<number, (answer: Answer) => void>();

  private constructor(
    private readonly child: ChildProcess,
    private readonly output: string[],
    private readonly dropDatabase: () => Promise<void>,
    url: string,
  ) {
    super(url);
    child.on('message', (answer: Answer) => {
      this.pending.get(answer.id)?.(answer);
      this.pending.delete(answer.id);
    });
  }

  /** Starts the application. The rate limit per IP address is off unless a test turns it on. */
  static async start(settings: Record<string, string> = {}): Promise<TestApp> {
    const { env, drop } = await testDatabase();
    const { PATH = '', HOME = '', NODE_V8_COVERAGE = '' } = process.env;
    // The bundle hides the files of dist from the coverage report.
    const child = fork(NODE_V8_COVERAGE ? 'test/support/host.js' : 'dist/host.js', {
      env: {
        PATH,
        HOME,
        NODE_V8_COVERAGE,
        NODE_ENV: 'test',
        IP_RATE_LIMIT: '0',
        ACCEPT_RISKS: 'no-ip-limit',
        ...env,
        ...settings,
      },
      // V8's baseline WebAssembly compiler halves the start time of the embedded database.
      execArgv: env.DATABASE_URL ? [] : ['--liftoff-only'],
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

  /** Plain SQL on the application's own connection. */
  sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.request<Row[]>({ text, values });
  }

  inspect(): Promise<Inside> {
    return this.request<Inside>({});
  }

  age(seconds: number): Promise<void> {
    return age((statement) => this.sql(statement), seconds);
  }

  /** Ages the data after every message is sent, because aging ends leases and causes repeats. */
  async ageWhenSent(seconds: number): Promise<void> {
    const unsent = `select id from messages where state in ('queued', 'sending')`;
    await until('every message is sent', async () => (await this.sql(unsent)).length === 0);
    await this.age(seconds);
  }

  private async request<Result>(message: object): Promise<Result> {
    const id = ++this.lastId;
    const answer = new Promise<Answer>((resolve) => this.pending.set(id, resolve));
    this.child.send({ ...message, id });
    const { result, error } = await answer;
    if (error) throw new Error(error);
    return result as Result;
  }
}
