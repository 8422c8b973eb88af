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
  /** Runs the statement for calls with different keys, ordered by key. Returns the rows by key. */
  run: (calls: Call[]) => Promise<Map<string, Row>>;
}

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
    const queue: Queue<Call, Row> = { waiting: [], isRunning: false };
    this.queues.set(shared, queue);
    return queue;
  }

  private flush(queue: Queue<Call, Row>): void {
    if (!queue.isRunning && queue.waiting.length > 0) void this.runNext(queue);
  }

  private async runNext(queue: Queue<Call, Row>): Promise<void> {
    queue.isRunning = true;
    const settle = await this.run(this.takeFrom(queue));
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
      const fits = batch.length < MAX_CALLS && (this.options.readOnly || !keys.has(call.key));
      keys.add(call.key);
      (fits ? batch : rest).push(call);
    }
    queue.waiting = rest;
    return batch.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Runs the batch and returns a function that settles its calls. Never rejects. */
  private async run(batch: Waiting<Call, Row>[]): Promise<() => void> {
    try {
      const calls = new Map(batch.map(({ key, call }) => [key, call]));
      const rows = await this.options.run([...calls.values()]);
      return () => batch.forEach(({ key, resolve }) => resolve(rows.get(key) ?? null));
    } catch (error) {
      if (batch.length === 1 || !isRefusal(error)) return () => batch.forEach(({ reject }) => reject(error));
      // The database has undone the whole statement, so each call can run alone.
      const settlers = await Promise.all(batch.map((call) => this.run([call])));
      return () => settlers.forEach((settle) => settle());
    }
  }
}

/** True if PostgreSQL refused the statement. After a lost connection the outcome is unknown. */
function isRefusal(error: unknown): boolean {
  return (error as { severity?: unknown }).severity === 'ERROR';
}
