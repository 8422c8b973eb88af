import { Batch } from './batch.js';

interface Call {
  to: string;
  purpose?: string;
}

/** A database that ends each batch when the test says so. */
class Database {
  readonly batches: string[][] = [];
  private readonly waiting: (() => void)[] = [];
  private readonly batch: Batch<Call, string>;

  constructor(
    private readonly refused: Record<string, Error> = {},
    readOnly = false,
  ) {
    this.batch = new Batch({
      key: ({ to }) => to,
      shared: ({ purpose = '' }) => purpose,
      readOnly,
      run: (calls) => this.run(calls.map(({ to }) => to)),
    });
  }

  ask(to: string, purpose?: string): Promise<string | null> {
    return this.batch.row({ to, purpose });
  }

  /** Ends the running batches, and those that start then, until none is left. */
  async answer(): Promise<void> {
    await tick();
    for (let end = this.waiting.shift(); end; end = this.waiting.shift()) {
      end();
      await tick();
    }
  }

  private async run(keys: string[]): Promise<Map<string, string>> {
    this.batches.push(keys);
    await new Promise<void>((end) => this.waiting.push(end));
    for (const key of keys) {
      const refusal = this.refused[key];
      if (refusal) throw refusal;
    }
    return new Map(keys.filter((key) => key !== 'missing').map((key) => [key, `row of ${key}`]));
  }
}

/** Waits until the work at the end of the current tick has run. */
async function tick(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise(setImmediate);
}

describe('Batch', () => {
  it('runs the calls of one tick as one batch, ordered by key', async () => {
    const database = new Database();
    const asked = ['c', 'b', 'a'];
    const answers = Promise.all(asked.map((to) => database.ask(to)));
    await tick();
    expect(database.batches).toEqual([['a', 'b', 'c']]);
    await database.answer();
    expect(await answers).toEqual(asked.map((to) => `row of ${to}`));
  });

  it('starts an idle batch in the same tick, and combines the calls that arrive while it runs', async () => {
    const database = new Database();
    const asked = [];
    for (const to of ['x', 'b', 'a']) {
      asked.push(database.ask(to));
      await tick();
    }
    expect(database.batches).toEqual([['x']]);
    await database.answer();
    expect(database.batches).toEqual([['x'], ['a', 'b']]);
    expect(await Promise.all(asked)).toEqual(['x', 'b', 'a'].map((to) => `row of ${to}`));
  });

  it('starts the next batch before it answers the last one', async () => {
    const database = new Database();
    const begun = database.ask('x').then(() => database.batches.length);
    await tick();
    const second = database.ask('a');
    await database.answer();
    expect(await begun).toBe(2);
    await second;
  });

  it('returns null for a row that the statement did not return', async () => {
    const database = new Database();
    const answers = Promise.all([database.ask('missing'), database.ask('existing')]);
    await database.answer();
    expect(await answers).toEqual([null, 'row of existing']);
  });

  it('runs two calls for one row in different batches', async () => {
    const database = new Database();
    const asked = ['a', 'a', 'c'].map((to) => database.ask(to));
    await tick();
    expect(database.batches).toEqual([['a', 'c']]);
    await database.answer();
    await Promise.all(asked);
    expect(database.batches).toEqual([['a', 'c'], ['a']]);
  });

  it('runs batches with different shared values independently', async () => {
    const database = new Database();
    const asked = [database.ask('a'), database.ask('b', 'other'), database.ask('c')];
    await tick();
    expect(database.batches).toEqual([['a', 'c'], ['b']]);
    await database.answer();
    await Promise.all(asked);
  });

  it('answers read-only calls for one row together, but not from a batch that already runs', async () => {
    const database = new Database({}, true);
    const first = database.ask('x');
    await tick();
    const asked = ['a', 'b', 'a', 'x'];
    const answers = Promise.all(asked.map((to) => database.ask(to)));
    await database.answer();
    expect(await first).toBe('row of x');
    expect(await answers).toEqual(asked.map((to) => `row of ${to}`));
    expect(database.batches).toEqual([['x'], ['a', 'b', 'x']]);
  });

  it('starts again with all calls that arrived while a batch ran', async () => {
    const database = new Database();
    const ask = (to: number) => database.ask(String(to));
    const first = Array.from({ length: 16 }, (_, to) => ask(to));
    const again = first.map((answer, to) => answer.then(() => ask(to)).then(() => ask(to)));
    await database.answer();
    await Promise.all(again);
    expect(database.batches.map(({ length }) => length)).toEqual([16, 16, 16]);
  });

  it('puts at most 100 calls into a batch', async () => {
    const database = new Database();
    const asked = Array.from({ length: 250 }, (_, to) => database.ask(String(to)));
    await database.answer();
    await Promise.all(asked);
    expect(database.batches.map(({ length }) => length)).toEqual([100, 100, 50]);
  });

  it('runs many read-only calls as one batch', async () => {
    const database = new Database({}, true);
    const asked = Array.from({ length: 16 }, (_, to) => database.ask(String(to)));
    await database.answer();
    await Promise.all(asked);
    expect(database.batches.map(({ length }) => length)).toEqual([16]);
  });

  it('runs each call alone when the database refuses the batch', async () => {
    const refusal = Object.assign(new Error('out of range'), { severity: 'ERROR' });
    const database = new Database({ bad: refusal });
    const asked = Promise.allSettled(['bad', 'good'].map((to) => database.ask(to)));
    await database.answer();
    const [refused, answered] = await asked;
    expect(refused).toEqual({ status: 'rejected', reason: refusal });
    expect(answered).toEqual({ status: 'fulfilled', value: 'row of good' });
  });

  it('does not repeat a batch when the connection was lost', async () => {
    const database = new Database({ last: new Error('Connection terminated unexpectedly') });
    const asked = Promise.allSettled(['last', 'lost too'].map((to) => database.ask(to)));
    await database.answer();
    const ends = (await asked).map(({ status }) => status);
    expect(ends).toEqual(['rejected', 'rejected']);
    expect(database.batches).toHaveLength(1);
  });

  it('runs calls alone after a lock time-out and goes on with other calls meanwhile', async () => {
    const timeout = Object.assign(new Error('lock time-out'), { severity: 'ERROR', code: '55P03' });
    const runs: string[] = [];
    let unlock = () => {};
    const unlocked = new Promise<void>((resolve) => (unlock = resolve));
    const batch = new Batch<Call, string>({
      key: ({ to }) => to,
      run: async (calls, lockTimeout) => {
        const keys = calls.map(({ to }) => to);
        runs.push(`${keys.join()} ${lockTimeout}`);
        if (keys.includes('locked') && lockTimeout === '250ms') throw timeout;
        if (keys.includes('locked')) await unlocked;
        return new Map(keys.map((key) => [key, `row of ${key}`]));
      },
    });
    const ask = (to: string) => batch.row({ to });
    const locked = ask('locked');
    expect(await ask('a')).toBe('row of a');
    const waiting = ask('locked');
    expect(await ask('b')).toBe('row of b');
    expect(runs).toEqual(['a,locked 250ms', 'a 7s', 'locked 7s', 'b 250ms']);
    unlock();
    expect(await locked).toBe('row of locked');
    expect(await waiting).toBe('row of locked');
  });
});
