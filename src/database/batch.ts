import { atEndOfTurn } from '../common/end-of-turn.js';

const MAX_CALLS = 100;
/** So few go together whole: to start a statement costs more than a few calls do. */
const FEW = 4;
/** What is left, after each batch, of how busy it has been: some seconds' memory under load. */
const MEMORY = 0.999;

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

/** Calls that can go together. */
interface Line<Call, Row> {
  waiting: Waiting<Call, Row>[];
  isRunning: boolean;
  /** How many there were at once, waiting and under way, when it was busiest of late. */
  most: number;
}

/**
 * Runs the calls that wait for one statement as one statement: one round trip, one commit and one flush of the log for
 * all of them, where each would pay for its own. Nobody waits for company: a call that finds nothing under way goes when
 * this turn of the event loop has read what arrived. What comes while a batch is under way is the next one: a second
 * beside it would only make both smaller, and most of what a small one costs is to start it.
 *
 * Of statements that write, two halves take turns: a batch is at most half of the calls that there are at busy times, and
 * goes as soon as so many wait. The database works on the one while this process answers, reads and checks the other; were
 * all of them in one, each of the two would wait for the other.
 *
 * Each row is decided by its own conditions under its own lock, as if its call had come alone. Every batch takes its
 * locks in order of the keys, so that two processes do not wait for each other.
 */
export class Batch<Call, Row> {
  /** By what they share, of which there are few: those that cannot go together do not wait for each other. */
  private readonly lines = new Map<string, Line<Call, Row>>();
  /** Requests that came together go together. */
  private readonly startSoon = atEndOfTurn(() => this.lines.forEach((line) => this.start(line)));

  constructor(private readonly together: Together<Call, Row>) {}

  /** What the statement returned for the call's row, or null when it left the row as it was. */
  row(call: Call): Promise<Row | null> {
    const line = this.lineOf(call);
    return new Promise((resolve, reject) => {
      line.waiting.push({ call, key: this.together.key(call), resolve, reject });
      if (line.waiting.length >= this.share(line)) this.start(line);
      else this.startSoon();
    });
  }

  private lineOf(call: Call): Line<Call, Row> {
    const shared = this.together.shared?.(call) ?? '';
    const known = this.lines.get(shared);
    if (known) return known;
    const line: Line<Call, Row> = { waiting: [], isRunning: false, most: 0 };
    this.lines.set(shared, line);
    return line;
  }

  /** How many calls make a batch. What only reads is over too soon for turns to be worth their price. */
  private share({ most }: Line<Call, Row>): number {
    return this.together.onlyReads ? MAX_CALLS : Math.min(MAX_CALLS, Math.max(FEW, Math.ceil(most / 2)));
  }

  private start(line: Line<Call, Row>): void {
    if (!line.isRunning && line.waiting.length > 0) void this.runBatch(line);
  }

  /** The next batch starts before the answers go out: the database works while they are written. */
  private async runBatch(line: Line<Call, Row>): Promise<void> {
    line.isRunning = true;
    const batch = this.takeFrom(line);
    const answer = await this.outcome(batch);
    line.isRunning = false;
    line.most = Math.max(line.most * MEMORY, batch.length + line.waiting.length);
    this.start(line);
    // The pool sends a statement in the next tick, so this one comes after it.
    process.nextTick(answer);
  }

  /** As many as can go together, in order of their keys. */
  private takeFrom(line: Line<Call, Row>): Waiting<Call, Row>[] {
    const share = this.share(line);
    const rows = new Set<string>();
    const batch: Waiting<Call, Row>[] = [];
    const left: Waiting<Call, Row>[] = [];
    for (const one of line.waiting) {
      const fits = batch.length < share && (this.together.onlyReads || !rows.has(one.key));
      rows.add(one.key);
      (fits ? batch : left).push(one);
    }
    line.waiting = left;
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
