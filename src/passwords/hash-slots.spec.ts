import { AppError } from '../common/app-error.js';
import { HashSlots } from './hash-slots.js';

const settled = () => new Promise(setImmediate);

/** Jobs that run until `end` is called. */
class Jobs {
  readonly started: number[] = [];
  private readonly ends: (() => void)[] = [];

  readonly job = (number: number) => () => {
    this.started.push(number);
    return new Promise<number>((resolve) => (this.ends[number] = () => resolve(number)));
  };

  async end(number: number): Promise<void> {
    this.ends[number]?.();
    await settled();
  }
}

describe('hash slots', () => {
  it('runs jobs up to the number of slots, queues up to the maximum, and refuses the rest', async () => {
    const slots = new HashSlots(2, 2);
    const jobs = new Jobs();
    const results = [0, 1, 2, 3].map((number) => slots.run(jobs.job(number)));
    await settled();
    expect(jobs.started).toEqual([0, 1]);
    await expect(slots.run(jobs.job(4))).rejects.toMatchObject({
      code: 'passwords_busy',
      kind: 'unavailable',
      extra: { retryAfter: 1 },
    });

    await jobs.end(1);
    expect(jobs.started).toEqual([0, 1, 2]);
    results.push(slots.run(jobs.job(4)));
    await jobs.end(0);
    await jobs.end(2);
    await jobs.end(3);
    await jobs.end(4);
    expect(jobs.started).toEqual([0, 1, 2, 3, 4]);
    expect(await Promise.all(results)).toEqual([0, 1, 2, 3, 4]);
  });

  it('frees the slot of a failed job', async () => {
    const slots = new HashSlots(1, 0);
    for (let i = 0; i < 3; i++) {
      await expect(slots.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    }
    await expect(slots.run(() => Promise.resolve('yes'))).resolves.toBe('yes');
  });

  it('gives a freed slot to the waiting job, not to one that arrives at that moment', async () => {
    const slots = new HashSlots(1, 1);
    const jobs = new Jobs();
    const first = slots
      .run(jobs.job(0))
      .then(() => slots.run(jobs.job(2)).catch((error: AppError) => error.code));
    const second = slots.run(jobs.job(1));
    await settled();
    await jobs.end(0);
    expect(jobs.started).toEqual([0, 1]);
    await jobs.end(1);
    await jobs.end(2);
    await expect(second).resolves.toBe(1);
    await expect(first).resolves.toBe(2);
  });

  it('has places for recognised devices when strangers fill the queue, and lets them go first', async () => {
    const slots = new HashSlots(1, 2);
    const jobs = new Jobs();
    const strangers = [0, 1, 2].map((number) => slots.run(jobs.job(number)));
    await expect(slots.run(jobs.job(3))).rejects.toMatchObject({ code: 'passwords_busy' });
    const recognised = [10, 11, 12].map((number) => slots.run(jobs.job(number), true));
    await expect(slots.run(jobs.job(13), true)).rejects.toMatchObject({ code: 'passwords_busy' });
    for (const number of [0, 10, 11, 12, 1, 2]) await jobs.end(number);
    expect(jobs.started).toEqual([0, 10, 11, 12, 1, 2]);
    expect(await Promise.all([...strangers, ...recognised])).toEqual([0, 1, 2, 10, 11, 12]);
  });

  it('gives every fourth freed slot to strangers, however many recognised devices wait', async () => {
    const slots = new HashSlots(1, 8);
    const jobs = new Jobs();
    const strangers = [0, 1, 2].map((number) => slots.run(jobs.job(number)));
    const recognised = [10, 11, 12, 13, 14, 15, 16].map((number) => slots.run(jobs.job(number), true));
    const order = [0, 10, 11, 12, 1, 13, 14, 15, 2, 16];
    for (const number of order) await jobs.end(number);
    expect(jobs.started).toEqual(order);
    await Promise.all([...strangers, ...recognised]);
  });
});
