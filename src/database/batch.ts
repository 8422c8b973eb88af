import { oncePerTick } from '../common/once-per-tick.js';

const MAX_CALLS = 100;

/** How calls of a statement are combined. */
export interface BatchOptions<Call, Row> {
  /** The row that a call is about. */
  key: (call: Call) => string;
  /** A parameter that the statement takes once. Calls with different values never share a batch. */
  shared?: (call: Call) => string;
  /**
   * A statement changes a row once, so by default two calls for one row go into different batches.
   * Read-only calls for one row share a batch and its answer.
   */
  readOnly?: boolean;
  /**
   * Runs the statement for calls with different keys, ordered by key. Returns the rows by key. A
   * statement that locks rows must not wait longer for a lock than `lockTimeout` says, see
   * `withLockTimeout`.
   */
  run: (calls: Call[], lockTimeout: LockTimeout) => Promise<Map<string, Row>>;
}

/** A value of PostgreSQL's `lock_timeout`. */
export type LockTimeout = typeof BATCH_LOCK_TIMEOUT | typeof SINGLE_LOCK_TIMEOUT;

/** For a batch: a locked row must not delay the calls for other rows. */
const BATCH_LOCK_TIMEOUT = '250ms';
/** For one call: shorter than the deadline of a request. */
const SINGLE_LOCK_TIMEOUT = '7s';

/**
 * A CTE that sets `lock_timeout` for this statement only: outside of a transaction block, a local
 * setting ends with the statement. It costs no round trip, works through PgBouncer, and leaves the
 * connection as it was. Read the parameters of the batch from it, so that it is evaluated before the
 * first row is locked.
 */
export const withLockTimeout = (parameter: string) =>
  `lock_timeout as materialized (select set_config('lock_timeout', ${parameter}::text, true))`;

interface Waiting<Call, Row> {
  call: Call;
  key: string;
  resolve: (row: Row | null) => void;
  reject: (error: unknown) => void;
}

/** The calls with one `shared` value. */
interface Queue<Call, Row> {
  waiting: Waiting<Call, Row>[];
  isRunning: boolean;
  /** Keys whose call runs alone because their row is locked. Further calls for them wait. */
  locked: Set<string>;
}

/**
 * Runs concurrent calls of one statement as a single statement: one round trip, one commit and one
 * flush of the write-ahead log. A send and a verify are 1.7 times as fast (docs/performance.md).
 *
 * An idle batch flushes at the end of the current tick; it never waits for more calls. Calls that
 * arrive while a batch runs form the next batch.
 *
 * Batching is safe under concurrency: each row is decided by the statement's own conditions under
 * the row's lock, as for a single call. Every batch locks its rows in the order of their keys, so
 * two processes cannot deadlock.
 *
 * A batch waits for a locked row for a quarter of a second. Then each of its calls runs alone, and
 * the queue goes on meanwhile, so that only the calls for the locked row wait. The repetition is
 * safe: PostgreSQL undid the whole statement, so nothing was counted or stored.
 */
export class Batch<Call, Row> {
  /** By `shared` value, of which there are few. */
  private readonly queues = new Map<string, Queue<Call, Row>>();
  private readonly flushSoon = oncePerTick(() => this.queues.forEach((queue) => this.flush(queue)));

  constructor(private readonly options: BatchOptions<Call, Row>) {}

  /** The row that the statement returned for the call, or null if it returned none. */
  row(call: Call): Promise<Row | null> {
    const { waiting } = this.queueOf(call);
    return new Promise((resolve, reject) => {
      waiting.push({ call, key: this.options.key(call), resolve, reject });
      this.flushSoon();
    });
  }

  private queueOf(call: Call): Queue<Call, Row> {
    const shared = this.options.shared?.(call) ?? '';
    const existing = this.queues.get(shared);
    if (existing) return existing;
    const queue: Queue<Call, Row> = { waiting: [], isRunning: false, locked: new Set() };
    this.queues.set(shared, queue);
    return queue;
  }

  private flush(queue: Queue<Call, Row>): void {
    if (!queue.isRunning && queue.waiting.length > 0) void this.runNext(queue);
  }

  private async runNext(queue: Queue<Call, Row>): Promise<void> {
    const batch = this.takeFrom(queue);
    if (batch.length === 0) return;
    queue.isRunning = true;
    const settle = await this.run(queue, batch, BATCH_LOCK_TIMEOUT);
    queue.isRunning = false;
    // Before the callers continue, so that the database works in the meantime.
    this.flush(queue);
    settle();
  }

  /** Removes the calls that can share a batch, and returns them ordered by key. */
  private takeFrom(queue: Queue<Call, Row>): Waiting<Call, Row>[] {
    const keys = new Set<string>();
    const batch: Waiting<Call, Row>[] = [];
    const rest: Waiting<Call, Row>[] = [];
    for (const call of queue.waiting) {
      if (queue.locked.has(call.key)) {
        rest.push(call);
        continue;
      }
      const fits = batch.length < MAX_CALLS && (this.options.readOnly || !keys.has(call.key));
      keys.add(call.key);
      (fits ? batch : rest).push(call);
    }
    queue.waiting = rest;
    return batch.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Runs a call with a longer wait for its row, beside the batches of the queue. */
  private async runAlone(queue: Queue<Call, Row>, call: Waiting<Call, Row>): Promise<void> {
    queue.locked.add(call.key);
    const settle = await this.run(queue, [call], SINGLE_LOCK_TIMEOUT);
    queue.locked.delete(call.key);
    this.flush(queue);
    settle();
  }

  /** Runs the batch and returns a function that settles its calls. Never rejects. */
  private async run(
    queue: Queue<Call, Row>,
    batch: Waiting<Call, Row>[],
    lockTimeout: LockTimeout,
  ): Promise<() => void> {
    try {
      const calls = new Map(batch.map(({ key, call }) => [key, call]));
      const rows = await this.options.run([...calls.values()], lockTimeout);
      return () => batch.forEach(({ key, resolve }) => resolve(rows.get(key) ?? null));
    } catch (error) {
      if (isLockTimeout(error) && lockTimeout === BATCH_LOCK_TIMEOUT) {
        for (const call of batch) void this.runAlone(queue, call);
        return () => undefined;
      }
      if (batch.length === 1 || !isRefusal(error)) return () => batch.forEach(({ reject }) => reject(error));
      // The database has undone the whole statement, so each call can run alone.
      const settlers = await Promise.all(batch.map((call) => this.run(queue, [call], lockTimeout)));
      return () => settlers.forEach((settle) => settle());
    }
  }
}

/** PostgreSQL undid the statement because it waited too long for a lock. */
function isLockTimeout(error: unknown): boolean {
  return (error as { code?: unknown }).code === '55P03';
}

/** True if PostgreSQL refused the statement. After a lost connection the outcome is unknown. */
function isRefusal(error: unknown): boolean {
  return (error as { severity?: unknown }).severity === 'ERROR';
}
