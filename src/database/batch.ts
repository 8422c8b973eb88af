import { atEndOfTurn } from '../common/end-of-turn.js';

const MAX_CALLS = 100;

/** How the calls of a statement become one. */
export interface Together<Call, Row> {
  /** The row that a call is about. */
  key: (call: Call) => string;
  /** What the statement takes once; only calls that agree in it go together. */
  shared?: (call: Call) => string;
  /**
   * A statement changes a row once, so two calls for one row go one after the other. Where it only reads, they share an
   * answer: it is as new as both, for the statement begins after they came.
   */
  onlyReads?: boolean;
  /** Runs the statement for calls of different rows, in order of their keys, and gives what it returned by key. */
  run: (calls: Call[]) => Promise<Map<string, Row>>;
}

interface Waiting<Call, Row> {
  call: Call;
  key: string;
  resolve: (row: Row | null) => void;
  reject: (error: unknown) => void;
}

/**
 * Runs the calls that wait for one statement as one statement: one round trip, one commit and one flush of the log for
 * all of them, where each would pay for its own. Nobody waits for company: a call that finds nothing under way goes when
 * this turn of the event loop has read what arrived. What comes while a batch is under way is the next one: a second
 * beside it would only make both smaller, and most of what a small one costs is to start it.
 *
 * Each row is decided by its own conditions under its own lock, as if its call had come alone. Every batch takes its
 * locks in order of the keys, so that two processes do not wait for each other.
 */
export class Batch<Call, Row> {
  /** By what they share: those that cannot go together do not wait for each other. */
  private readonly waiting = new Map<string, Waiting<Call, Row>[]>();
  private readonly running = new Set<string>();
  /** Requests that came together go together. */
  private readonly startSoon = atEndOfTurn(() => this.startAll());

  constructor(private readonly together: Together<Call, Row>) {}

  /** What the statement returned for the call's row, or null when it left the row as it was. */
  row(call: Call): Promise<Row | null> {
    const shared = this.together.shared?.(call) ?? '';
    return new Promise((resolve, reject) => {
      const one = { call, key: this.together.key(call), resolve, reject };
      const others = this.waiting.get(shared);
      if (others) others.push(one);
      else this.waiting.set(shared, [one]);
      this.startSoon();
    });
  }

  private startAll(): void {
    for (const [shared, calls] of this.waiting)
      if (!this.running.has(shared)) void this.runBatch(shared, this.takeFrom(shared, calls));
  }

  /** The next batch starts before the answers go out: the database works while they are written. */
  private async runBatch(shared: string, batch: Waiting<Call, Row>[]): Promise<void> {
    this.running.add(shared);
    const answer = await this.outcome(batch);
    this.running.delete(shared);
    this.startAll();
    // The pool sends a statement in the next tick, so this one comes after it.
    process.nextTick(answer);
  }

  /** As many as can go together, in order of their keys. */
  private takeFrom(shared: string, calls: Waiting<Call, Row>[]): Waiting<Call, Row>[] {
    const rows = new Set<string>();
    const batch: Waiting<Call, Row>[] = [];
    const left: Waiting<Call, Row>[] = [];
    for (const one of calls) {
      const fits = batch.length < MAX_CALLS && (this.together.onlyReads || !rows.has(one.key));
      rows.add(one.key);
      (fits ? batch : left).push(one);
    }
    if (left.length > 0) this.waiting.set(shared, left);
    else this.waiting.delete(shared);
    return batch.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Runs the batch, and gives what tells each call what became of it. Never rejects. */
  private async outcome(batch: Waiting<Call, Row>[]): Promise<() => void> {
    try {
      const calls = new Map(batch.map(({ key, call }) => [key, call]));
      const rows = await this.together.run([...calls.values()]);
      return () => batch.forEach(({ key, resolve }) => resolve(rows.get(key) ?? null));
    } catch (error) {
      if (batch.length === 1 || !isRefusal(error)) return () => batch.forEach(({ reject }) => reject(error));
      // What the database refused it has undone as a whole. Alone, each is answered for itself.
      const answers = await Promise.all(batch.map((one) => this.outcome([one])));
      return () => answers.forEach((answer) => answer());
    }
  }
}

/** Unlike a lost connection, after which nobody knows. */
function isRefusal(error: unknown): boolean {
  return (error as { severity?: unknown }).severity === 'ERROR';
}
