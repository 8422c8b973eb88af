import pg from 'pg';
import { age } from './age.js';
import { Client } from './client.js';
import { testDatabase, type TestDatabase } from './database.js';
import { startHaproxy, startPgbouncer, type ProxyProcess } from './proxies.js';
import { ServerProcess } from './server.js';
import { until } from './until.js';

/** Overrides for manual runs: the least number of processes, and `haproxy`, `pgbouncer` or both. */
const MIN_PROCESSES = Number(process.env.CLUSTER_PROCESSES ?? 0);
const PROXIES = (process.env.CLUSTER_THROUGH ?? '').split(',');

/** Several server processes on one new PostgreSQL database, and a direct connection to it. */
export class Cluster {
  readonly servers: ServerProcess[] = [];
  private readonly proxies: ProxyProcess[] = [];
  private loadBalancer?: ProxyProcess;

  private constructor(
    private readonly database: TestDatabase,
    private readonly settings: Record<string, string>,
    readonly pool: pg.Pool,
  ) {}

  static async start(count: number, settings: Record<string, string> = {}): Promise<Cluster> {
    const database = await testDatabase();
    const { DATABASE_URL = '' } = database.env;
    const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 4 });
    // Some tests terminate every connection of the database.
    pool.on('error', () => undefined);
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
    if (PROXIES.includes('pgbouncer'))
      cluster.settings.DATABASE_URL = (await cluster.stopAtEnd(startPgbouncer(DATABASE_URL))).url;
    if (PROXIES.includes('haproxy')) cluster.settings.TRUST_PROXY = 'loopback';
    const processes = Math.max(count, MIN_PROCESSES);
    await Promise.all(Array.from({ length: processes }, () => cluster.add()));
    if (PROXIES.includes('haproxy'))
      cluster.loadBalancer = await cluster.stopAtEnd(startHaproxy(cluster.urls));
    return cluster;
  }

  private async stopAtEnd(starting: Promise<ProxyProcess>): Promise<ProxyProcess> {
    const proxy = await starting;
    this.proxies.push(proxy);
    return proxy;
  }

  /** Starts one more process, on a free port unless the settings name one. */
  async add(settings: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await ServerProcess.start({ ...this.settings, ...settings });
    this.servers.push(server);
    return server;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop('SIGKILL')));
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
    await this.pool.end();
    await this.database.drop();
  }

  get url(): string {
    return this.database.env.DATABASE_URL ?? '';
  }

  /** The load balancer's URL if there is one, else those of the running processes. */
  get urls(): string[] {
    if (this.loadBalancer) return [this.loadBalancer.url];
    return this.servers.filter(({ isRunning }) => isRunning).map(({ url }) => url);
  }

  /** One client per process, which bypasses the load balancer. */
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
   * Forces a race: locks a recipient's rows, calls `fire`, and releases the lock once `waiting`
   * statements of the servers wait for it and `meanwhile` is done.
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

  /** Like `whileLocked`, for the rows that the statement `lock` locks. */
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

  /** Waits until `count` statements of the servers wait for a lock. */
  async untilWaiting(count: number): Promise<void> {
    await until(`${count} statements wait for a lock`, async () => (await this.countWaiting()) >= count);
  }

  /** Counts the statements of the servers that wait for a lock. */
  private async countWaiting(): Promise<number> {
    const [row] = await this.sql<{ count: number }>(`select count(*)::int from pg_stat_activity
      where datname = current_database() and application_name = 'otp-auth-server' and wait_event_type = 'Lock'`);
    return row?.count ?? 0;
  }

  /** Terminates every connection of the servers, as a restart or a failover does. */
  async cutConnections(): Promise<number> {
    const ended = await this.sql(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'otp-auth-server'`);
    return ended.length;
  }
}
