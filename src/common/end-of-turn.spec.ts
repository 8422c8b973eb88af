import { endOfTurn } from './end-of-turn.js';

describe('endOfTurn', () => {
  /** Two callbacks of one turn, and promises run between them as between two sockets that are read. */
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

  it('lets those who came in one turn go on step by step, each step for all of them', async () => {
    expect(await stepsOf(endOfTurn)).toEqual([
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

  it('is another one in the next turn', async () => {
    const first = endOfTurn();
    expect(endOfTurn()).toBe(first);
    await first;
    expect(endOfTurn()).not.toBe(first);
  });
});
