import { endOfTick, oncePerTick } from './once-per-tick.js';

describe('oncePerTick', () => {
  it('runs the work once, however often it is called in a tick', async () => {
    let runs = 0;
    const schedule = oncePerTick(() => runs++);
    schedule();
    schedule();
    expect(runs).toBe(0);
    await new Promise(setImmediate);
    expect(runs).toBe(1);
  });

  it('runs the work again in the next tick', async () => {
    let runs = 0;
    const schedule = oncePerTick(() => runs++);
    schedule();
    await new Promise(setImmediate);
    schedule();
    await new Promise(setImmediate);
    expect(runs).toBe(2);
  });
});

describe('endOfTick', () => {
  /** Two requests arrive in one tick. Promises run between the two, as between two sockets. */
  const stepsOf = async (pause: () => Promise<void>) => {
    const steps: string[] = [];
    const request = async (name: string) => {
      await pause();
      steps.push(`${name} asks`);
      await Promise.resolve();
      steps.push(`${name} is answered`);
    };
    const arrives = (name: string) =>
      new Promise<void>((resolve) => setImmediate(() => resolve(request(name))));
    await Promise.all([arrives('ada'), arrives('grace')]);
    return steps;
  };

  it('makes requests of one tick run step by step, each step for all of them', async () => {
    expect(await stepsOf(endOfTick)).toEqual([
      'ada asks',
      'grace asks',
      'ada is answered',
      'grace is answered',
    ]);
    expect(await stepsOf(() => Promise.resolve())).toEqual([
      'ada asks',
      'ada is answered',
      'grace asks',
      'grace is answered',
    ]);
  });

  it('returns a new promise in the next tick', async () => {
    const first = endOfTick();
    expect(endOfTick()).toBe(first);
    await first;
    expect(endOfTick()).not.toBe(first);
  });
});
