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

  /** As many batches under way as there may be; what is asked now has to wait. */
  async occupy(): Promise<Promise<string | null>[]> {
    const asked = [];
    for (const to of RUNNING) {
      asked.push(this.ask(to));
      await turn();
    }
    return asked;
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

/** As many as run at the same time. */
const RUNNING = ['x', 'y'];

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
    const first = await database.occupy();
    const asked = [];
    for (const to of ['b', 'a']) {
      asked.push(database.ask(to));
      await turn();
    }
    expect(database.batches).toEqual([['x'], ['y']]);
    await database.answer();
    expect(database.batches).toEqual([['x'], ['y'], ['a', 'b']]);
    expect(await Promise.all([...first, ...asked])).toEqual(['x', 'y', 'b', 'a'].map((to) => `row of ${to}`));
  });

  it('are told when their row stayed as it was', async () => {
    const database = new Database();
    const answers = Promise.all([database.ask('nobody'), database.ask('somebody')]);
    await database.answer();
    expect(await answers).toEqual([null, 'row of somebody']);
  });

  it('for one row, or that share too little, go one after the other', async () => {
    const database = new Database();
    const asked = [
      ...(await database.occupy()),
      database.ask('a'),
      database.ask('a'),
      database.ask('b', 'other'),
      database.ask('c'),
    ];
    await database.answer();
    await Promise.all(asked);
    expect(database.batches.slice(RUNNING.length)).toEqual([['a', 'c'], ['a'], ['b']]);
  });

  it('for one row share its answer where nothing changes it, but not the answer to a call before them', async () => {
    const database = new Database({}, true);
    const first = await database.occupy();
    const asked = ['a', 'b', 'a', 'x'];
    const answers = Promise.all(asked.map((to) => database.ask(to)));
    await database.answer();
    await Promise.all(first);
    expect(await answers).toEqual(asked.map((to) => `row of ${to}`));
    expect(database.batches).toEqual([['x'], ['y'], ['a', 'b', 'x']]);
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
