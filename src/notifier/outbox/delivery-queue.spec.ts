import type { Recipient } from '../../common/recipient.js';
import type { LeasedMessage } from '../notifier.js';
import { DeliveryQueue } from './delivery-queue.js';

const CONCURRENCY = 64;
const tick = () => new Promise(setImmediate);

describe('DeliveryQueue', () => {
  /** Vendor calls that have started, and a way to end the oldest one. */
  const startQueue = () => {
    const started: string[] = [];
    const ends: (() => void)[] = [];
    const queue = new DeliveryQueue((message) => {
      started.push(message.recipient);
      return new Promise((end) => ends.push(end));
    });
    const endOne = async () => {
      ends.shift()?.();
      await tick();
    };
    return { queue, started, endOne };
  };
  const message = (recipient: Recipient, lane = ''): LeasedMessage => ({
    id: recipient,
    recipient,
    purpose: 'login',
    lane,
    channel: recipient.startsWith('phone:') ? 'sms' : 'email',
    template: 'otp',
    sealed: Buffer.alloc(0),
    secondsLeft: 300,
    attempts: 1,
    lastProvider: null,
  });
  const pumped = (number: number): Recipient => `phone:+4479460${String(number).padStart(5, '0')}`;

  it('sends a message to another country or prefix next, before a flood that waits', async () => {
    const { queue, started, endOne } = startQueue();
    for (let number = 0; number < 600; number++) queue.add(message(pumped(number)));
    queue.add(message('phone:+919445012345'));
    queue.add(message('phone:+447911123456'));
    await tick();
    expect(started).toHaveLength(CONCURRENCY);
    for (let ended = 0; ended < 4; ended++) await endOne();
    expect(started).toContain('phone:+919445012345');
    expect(started).toContain('phone:+447911123456');
  });

  it('sends a message to a recognised device before all others', async () => {
    const { queue, started, endOne } = startQueue();
    for (let number = 0; number < 200; number++) queue.add(message(pumped(number)));
    await tick();
    queue.add(message(pumped(999), 'a recognised device'));
    await endOne();
    expect(started.at(-1)).toBe(pumped(999));
  });

  it('keeps a place for other people when too many messages of a flood wait', async () => {
    const { queue, started, endOne } = startQueue();
    for (let number = 0; number < 6_000; number++) queue.add(message(pumped(number)));
    queue.add(message('phone:+919445012345'));
    await tick();
    for (let ended = 0; ended < 2; ended++) await endOne();
    expect(started).toContain('phone:+919445012345');
    expect(queue.stop().length).toBeLessThanOrEqual(5_000);
  });

  it('keeps the order of mails', async () => {
    const { queue, started } = startQueue();
    for (const name of ['a', 'b', 'c']) queue.add(message(`email:${name}@example.com`));
    await tick();
    expect(started).toEqual(['email:a@example.com', 'email:b@example.com', 'email:c@example.com']);
  });
});
