import pg from 'pg';
import { age } from './age.js';
import { Client } from './client.js';
import { testDatabase, type TestDatabase } from './database.js';
import { balancer, pooler, type Middle } from '../../bench/middle.js';
import { ServerProcess } from './server.js';
import { until } from './until.js';

/** More processes than a test asks for, and what is to stand before them and before the database. */
const PROCESSES = Number(process.env.CLUSTER_PROCESSES ?? 0);
const THROUGH = (process.env.CLUSTER_THROUGH ?? '').split(',');

/** Server processes on one new PostgreSQL database, and a connection of the test's own to it. */
export class Cluster {
  readonly servers: ServerProcess[] = [];
  private readonly middles: Middle[] = [];
  private balancer?: Middle;

  private constructor(
    private readonly database: TestDatabase,
    private readonly settings: Record<string, string>,
    readonly pool: pg.Pool,
  ) {}

  static async start(count: number, settings: Record<string, string> = {}): Promise<Cluster> {
    const database = await testDatabase();
    const { DATABASE_URL = '' } = database.env;
    const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 4 });
    pool.on('error', () => undefined); // of tests that end every connection of the database
    const cluster = new Cluster(
      database,
      {
        NODE_ENV: 'test',
        LOG_LEVEL: 'error',
        APP_SECRET: 'one for all of them',
        ...database.env,
        ...settings,
      },
      pool,
    );
    if (THROUGH.includes('pgbouncer'))
      cluster.settings.DATABASE_URL = (await cluster.keep(pooler(DATABASE_URL))).url;
    if (THROUGH.includes('haproxy')) cluster.settings.TRUST_PROXY = 'loopback';
    await Promise.all(Array.from({ length: Math.max(count, PROCESSES) }, () => cluster.add()));
    if (THROUGH.includes('haproxy')) cluster.balancer = await cluster.keep(balancer(cluster.urls));
    return cluster;
  }

  private async keep(starting: Promise<Middle>): Promise<Middle> {
    const middle = await starting;
    this.middles.push(middle);
    return middle;
  }

  /** Starts one more process, on a port of its own unless it takes over another's. */
  async add(settings: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await ServerProcess.start({ ...this.settings, ...settings });
    this.servers.push(server);
    return server;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop('SIGKILL')));
    await Promise.all(this.middles.map((middle) => middle.stop()));
    await this.pool.end();
    await this.database.drop();
  }

  get url(): string {
    return this.database.env.DATABASE_URL ?? '';
  }

  /** The addresses of the processes that run, or of what stands before them. */
  get urls(): string[] {
    if (this.balancer) return [this.balancer.url];
    return this.servers.filter(({ isRunning }) => isRunning).map(({ url }) => url);
  }

  /** One for each process, whatever stands before them. */
  get clients(): Client[] {
    return this.servers.map(({ url }) => new Client(url));
  }

  get log(): string {
    return this.servers.map(({ log }) => log).join('');
  }

  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  age(seconds: number): Promise<void> {
    return age((statement) => this.sql(statement), seconds);
  }

  /**
   * The sure race: locks a recipient's rows, lets `fire` start, and releases them once so many statements of the
   * servers wait for them and `meanwhile` is done.
   */
  whileLocked<T>(
    recipient: string,
    waiting: number,
    fire: () => Promise<T>,
    meanwhile?: () => Promise<unknown> | void,
  ): Promise<T> {
    const lock = 'select from challenges where recipient = $1 for update';
    return this.whileHeld({ lock, key: recipient }, waiting, fire, meanwhile);
  }

  /** The same with the rows that a statement locks. */
  async whileHeld<T>(
    { lock, key }: { lock: string; key: string },
    waiting: number,
    fire: () => Promise<T>,
    meanwhile: () => Promise<unknown> | void = () => undefined,
  ): Promise<T> {
    const holder = await this.pool.connect();
    try {
      await holder.query('begin');
      await holder.query(lock, [key]);
      const fired = fire();
      fired.catch(() => undefined);
      await this.untilWaiting(waiting);
      await meanwhile();
      await holder.query('commit');
      return await fired;
    } finally {
      holder.release();
    }
  }

  /** Until so many statements of the servers wait for locks. */
  async untilWaiting(count: number): Promise<void> {
    await until(`${count} statements wait for a lock`, async () => (await this.waiting()) >= count);
  }

  /** How many statements of the servers wait for a lock. */
  private async waiting(): Promise<number> {
    const [row] = await this.sql<{ count: number }>(`select count(*)::int from pg_stat_activity
      where datname = current_database() and application_name = 'otp-auth-server' and wait_event_type = 'Lock'`);
    return row?.count ?? 0;
  }

  /** Ends every connection of the servers, as a restart or a failover of the database does. */
  async cutConnections(): Promise<number> {
    const ended = await this.sql(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'otp-auth-server'`);
    return ended.length;
  }
}
