import { atEndOfTurn } from '../common/end-of-turn.js';

/** Batches that run at the same time: while one waits for the disk the next is on its way. More would only be smaller. */
const IN_FLIGHT = 2;
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
  shared: string | undefined;
  resolve: (row: Row | null) => void;
  reject: (error: unknown) => void;
}

/**
 * Runs the calls that wait for one statement as one statement: one round trip, one commit and one flush of the log for
 * all of them, where each would pay for its own. Nobody waits for company: a call that finds nothing under way goes when
 * this turn of the event loop has read what arrived.
 *
 * Each row is decided by its own conditions under its own lock, as if its call had come alone. Every batch takes its
 * locks in order of the keys, so that two processes do not wait for each other.
 */
export class Batch<Call, Row> {
  private waiting: Waiting<Call, Row>[] = [];
  private running = 0;
  /** Requests that came together go together. */
  private readonly startSoon = atEndOfTurn(() => this.startNext());

  constructor(private readonly together: Together<Call, Row>) {}

  /** What the statement returned for the call's row, or null when it left the row as it was. */
  row(call: Call): Promise<Row | null> {
    const { key, shared } = this.together;
    return new Promise((resolve, reject) => {
      this.waiting.push({ call, key: key(call), shared: shared?.(call), resolve, reject });
      this.startSoon();
    });
  }

  private startNext(): void {
    while (this.running < IN_FLIGHT && this.waiting.length > 0) {
      this.running++;
      void this.runAll(this.takeNext()).then(() => {
        this.running--;
        this.startSoon();
      });
    }
  }

  /** The first that waits and all that can go with it. */
  private takeNext(): Waiting<Call, Row>[] {
    const [first] = this.waiting;
    const rows = new Set<string>();
    const batch: Waiting<Call, Row>[] = [];
    const left: Waiting<Call, Row>[] = [];
    for (const one of this.waiting) {
      const agrees = one.shared === first?.shared && (this.together.onlyReads || !rows.has(one.key));
      if (agrees && batch.length < MAX_CALLS) {
        rows.add(one.key);
        batch.push(one);
      } else left.push(one);
    }
    this.waiting = left;
    return batch.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  private async runAll(batch: Waiting<Call, Row>[]): Promise<void> {
    try {
      const calls = new Map(batch.map(({ key, call }) => [key, call]));
      const rows = await this.together.run([...calls.values()]);
      for (const { key, resolve } of batch) resolve(rows.get(key) ?? null);
    } catch (error) {
      // What the database refused it has undone as a whole. Alone, each is answered for itself.
      if (batch.length > 1 && isRefusal(error)) await Promise.all(batch.map((one) => this.runAll([one])));
      else batch.forEach(({ reject }) => reject(error));
    }
  }
}

/** Unlike a lost connection, after which nobody knows. */
function isRefusal(error: unknown): boolean {
  return (error as { severity?: unknown }).severity === 'ERROR';
}
