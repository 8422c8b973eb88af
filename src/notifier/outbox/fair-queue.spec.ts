import { FairQueue } from './fair-queue.js';

describe('FairQueue', () => {
  const queueOf = (...items: [string, string, number][]) => {
    const queue = new FairQueue<string>();
    for (const [country, prefix, count] of items)
      for (let n = 1; n <= count; n++) queue.add(`${country}${prefix}-${n}`, [country, prefix]);
    return queue;
  };

  it('lets countries take turns, and the prefixes of a country among each other', () => {
    const queue = queueOf(['A', '1', 3], ['A', '2', 2], ['B', '1', 2]);
    expect(queue.clear()).toEqual(['A1-1', 'B1-1', 'A2-1', 'B1-2', 'A1-2', 'A2-2', 'A1-3']);
    expect(queue.size).toBe(0);
    expect(queue.take()).toBeUndefined();
  });

  it('delays a new group by one turn of the others, however many items they have', () => {
    const queue = queueOf(['A', '1', 600]);
    queue.add('honest', ['A', '2']);
    queue.add('abroad', ['B', '1']);
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['A1-1', 'abroad', 'honest']);
  });

  it('drops the newest item of the largest group', () => {
    const queue = queueOf(['A', '1', 1], ['A', '2', 3], ['B', '1', 2]);
    expect(queue.dropFromLargest()).toBe('A2-3');
    expect(queue.dropFromLargest()).toBe('A2-2');
    expect(queue.size).toBe(4);
    expect(queue.clear()).toHaveLength(4);
    expect(queue.dropFromLargest()).toBeUndefined();
  });
});
