import { Batch } from './batch.js';

interface Call {
  to: string;
  purpose?: string;
}

/** A database that runs each batch when told to. */
class Database {
  readonly batches: string[][] = [];
  private readonly waiting: (() => void)[] = [];
  private readonly batch: Batch<Call, string>;

  constructor(
    private readonly refused: Record<string, Error> = {},
    onlyReads = false,
  ) {
    this.batch = new Batch({
      key: ({ to }) => to,
      shared: ({ purpose = '' }) => purpose,
      onlyReads,
      run: (calls) => this.run(calls.map(({ to }) => to)),
    });
  }

  ask(to: string, purpose?: string): Promise<string | null> {
    return this.batch.row({ to, purpose });
  }

  /** Ends what runs, and what that lets start, until nothing is left. */
  async answer(): Promise<void> {
    await turn();
    for (let end = this.waiting.shift(); end; end = this.waiting.shift()) {
      end();
      await turn();
    }
  }

  private async run(keys: string[]): Promise<Map<string, string>> {
    this.batches.push(keys);
    await new Promise<void>((end) => this.waiting.push(end));
    for (const key of keys) {
      const refusal = this.refused[key];
      if (refusal) throw refusal;
    }
    return new Map(keys.filter((key) => key !== 'nobody').map((key) => [key, `row of ${key}`]));
  }
}

/** Of the event loop: until what is put off to its end has happened. */
async function turn(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise(setImmediate);
}

describe('calls of one statement', () => {
  it('go together, in order of their rows, when they came together', async () => {
    const database = new Database();
    const asked = ['c', 'b', 'a'];
    const answers = Promise.all(asked.map((to) => database.ask(to)));
    await turn();
    expect(database.batches).toEqual([['a', 'b', 'c']]);
    await database.answer();
    expect(await answers).toEqual(asked.map((to) => `row of ${to}`));
  });

  it('wait for nobody where nothing runs, and go together when they had to wait', async () => {
    const database = new Database();
    const asked = [];
    for (const to of ['x', 'b', 'a']) {
      asked.push(database.ask(to));
      await turn();
    }
    expect(database.batches).toEqual([['x']]);
    await database.answer();
    expect(database.batches).toEqual([['x'], ['a', 'b']]);
    expect(await Promise.all(asked)).toEqual(['x', 'b', 'a'].map((to) => `row of ${to}`));
  });

  it('have begun before those that they waited for are answered', async () => {
    const database = new Database();
    const begun = database.ask('x').then(() => database.batches.length);
    await turn();
    const second = database.ask('a');
    await database.answer();
    expect(await begun).toBe(2);
    await second;
  });

  it('are told when their row stayed as it was', async () => {
    const database = new Database();
    const answers = Promise.all([database.ask('nobody'), database.ask('somebody')]);
    await database.answer();
    expect(await answers).toEqual([null, 'row of somebody']);
  });

  it('for one row go one after the other', async () => {
    const database = new Database();
    const asked = ['a', 'a', 'c'].map((to) => database.ask(to));
    await turn();
    expect(database.batches).toEqual([['a', 'c']]);
    await database.answer();
    await Promise.all(asked);
    expect(database.batches).toEqual([['a', 'c'], ['a']]);
  });

  it('that share too little to go together do not wait for each other', async () => {
    const database = new Database();
    const asked = [database.ask('a'), database.ask('b', 'other'), database.ask('c')];
    await turn();
    expect(database.batches).toEqual([['a', 'c'], ['b']]);
    await database.answer();
    await Promise.all(asked);
  });

  it('for one row share its answer where nothing changes it, but not the answer to a call before them', async () => {
    const database = new Database({}, true);
    const first = database.ask('x');
    await turn();
    const asked = ['a', 'b', 'a', 'x'];
    const answers = Promise.all(asked.map((to) => database.ask(to)));
    await database.answer();
    expect(await first).toBe('row of x');
    expect(await answers).toEqual(asked.map((to) => `row of ${to}`));
    expect(database.batches).toEqual([['x'], ['a', 'b', 'x']]);
  });

  it('of sixteen who ask again and again go in two halves by turns', async () => {
    const database = new Database();
    const ask = (to: number) => database.ask(String(to));
    const first = Array.from({ length: 16 }, (_, to) => ask(to));
    const again = first.map((asked, to) => asked.then(() => ask(to)).then(() => ask(to)));
    await database.answer();
    await Promise.all(again);
    // The first four did not wait to see how many would come.
    const sizes = database.batches.map(({ length }) => length);
    expect(sizes.slice(0, 5)).toEqual([4, 8, 8, 8, 8]);
  });

  it('go as one where they change nothing, however many they are', async () => {
    const database = new Database({}, true);
    const asked = Array.from({ length: 16 }, (_, to) => database.ask(String(to)));
    await database.answer();
    await Promise.all(asked);
    expect(database.batches.map(({ length }) => length)).toEqual([16]);
  });

  it('do not suffer from one that the database refuses', async () => {
    const refusal = Object.assign(new Error('out of range'), { severity: 'ERROR' });
    const database = new Database({ bad: refusal });
    const asked = Promise.allSettled(['bad', 'good'].map((to) => database.ask(to)));
    await database.answer();
    const [refused, answered] = await asked;
    expect(refused).toEqual({ status: 'rejected', reason: refusal });
    expect(answered).toEqual({ status: 'fulfilled', value: 'row of good' });
  });

  it('are not repeated when the connection was lost, for nobody knows what became of them', async () => {
    const database = new Database({ last: new Error('Connection terminated unexpectedly') });
    const asked = Promise.allSettled(['last', 'lost too'].map((to) => database.ask(to)));
    await database.answer();
    const ends = (await asked).map(({ status }) => status);
    expect(ends).toEqual(['rejected', 'rejected']);
    expect(database.batches).toHaveLength(1);
  });
});
