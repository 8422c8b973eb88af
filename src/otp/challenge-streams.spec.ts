import type { Readable } from 'node:stream';
import { Logger } from '@nestjs/common';
import type { ChallengeStatusService } from './challenge-status.service.js';
import { ChallengeStreams } from './challenge-streams.js';
import type { ChallengeStatus } from './otp.dto.js';

const { jest } = import.meta;
const ID = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
const PENDING = { status: 'pending', delivery: 'queued', attemptsLeft: 3 } as ChallengeStatus;

/** Every challenge is what `now` says. */
class FakeStatuses implements Pick<ChallengeStatusService, 'find' | 'findAll'> {
  now: Partial<ChallengeStatus> | Error = {};
  asked: string[][] = [];
  slow: Promise<void> = Promise.resolve();

  find(id: string): Promise<ChallengeStatus> {
    return Promise.resolve({ ...PENDING, ...this.now, id });
  }

  async findAll(ids: string[]): Promise<ChallengeStatus[]> {
    this.asked.push(ids);
    await this.slow;
    if (this.now instanceof Error) throw this.now;
    return Promise.all(ids.map((id) => this.find(id)));
  }
}

describe('the streams of a process', () => {
  let statuses: FakeStatuses;
  let streams: ChallengeStreams;
  beforeAll(() => void Logger.overrideLogger(false));
  afterAll(() => void Logger.overrideLogger(true));
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    statuses = new FakeStatuses();
    streams = new ChallengeStreams(statuses as unknown as ChallengeStatusService);
  });
  afterEach(() => {
    streams.beforeApplicationShutdown();
    jest.useRealTimers();
  });

  /** What is told, as it comes. */
  async function follow(id = ID, ip = '192.0.2.1'): Promise<{ told: () => string; ended: () => boolean }> {
    const stream = (await streams.follow(id, ip)) as Readable;
    let text = '';
    let isOver = false;
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    stream.on('end', () => (isOver = true));
    await jest.advanceTimersByTimeAsync(0);
    return { told: () => text, ended: () => isOver };
  }

  it('ask the database once a second for all of them together, and not at all for none', async () => {
    await jest.advanceTimersByTimeAsync(5_000);
    expect(statuses.asked).toEqual([]);
    const ids = [1, 2, 3].map((n) => `${ID.slice(0, -1)}${n}`);
    for (const id of [...ids, ...ids]) await follow(id, `192.0.2.${ids.indexOf(id)}`);
    await jest.advanceTimersByTimeAsync(3_000);
    expect(statuses.asked).toEqual([ids, ids, ids]);
  });

  it('tell what changed and nothing twice, and end with the code', async () => {
    const { told, ended } = await follow();
    expect(told()).toMatch(/^id: pending\ndata: \{.*"delivery":"queued".*\}\n\n$/);
    await jest.advanceTimersByTimeAsync(5_000);
    statuses.now = { delivery: 'sent' };
    await jest.advanceTimersByTimeAsync(5_000);
    statuses.now = { delivery: 'sent', status: 'approved' };
    await jest.advanceTimersByTimeAsync(1_000);
    expect(told().match(/^id: .*$/gm)).toEqual(['id: pending', 'id: pending', 'id: approved']);
    expect(ended()).toBe(true);
    statuses.asked = [];
    await jest.advanceTimersByTimeAsync(5_000);
    expect(statuses.asked).toEqual([]);
  });

  it('go on when they begin while the database is being asked', async () => {
    await follow();
    let answer = () => {};
    statuses.slow = new Promise((resolve) => (answer = resolve));
    await jest.advanceTimersByTimeAsync(1_000);
    const { ended } = await follow(ID.replace('1', '2'));
    answer();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(ended()).toBe(false);
    expect(statuses.asked).toHaveLength(11);
  });

  it('say that they are still there every fifteen seconds, and end after ten minutes', async () => {
    const { told, ended } = await follow();
    await jest.advanceTimersByTimeAsync(62_000);
    expect(told().match(/^: .*\n\n/gm)).toHaveLength(3);
    await jest.advanceTimersByTimeAsync(535_000);
    expect(ended()).toBe(false);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(ended()).toBe(true);
  });

  it('outlast a database that is away', async () => {
    const { told, ended } = await follow();
    statuses.now = new Error('away');
    await jest.advanceTimersByTimeAsync(20_000);
    expect(told()).toContain(': still here');
    statuses.now = { status: 'expired' };
    await jest.advanceTimersByTimeAsync(1_000);
    expect(told()).toContain('"status":"expired"');
    expect(ended()).toBe(true);
  });

  it('are bounded for an address', async () => {
    for (let n = 0; n < 5; n++) await follow(ID, '192.0.2.1');
    await expect(streams.follow(ID, '192.0.2.1')).rejects.toMatchObject({ code: 'too_many_streams' });
    await follow(ID, '192.0.2.2');
  });

  it('are bounded for the process', async () => {
    for (let n = 0; n < 1_000; n++) await streams.follow(ID, `10.0.${n >> 8}.${n & 255}`);
    await expect(streams.follow(ID, '192.0.2.1')).rejects.toMatchObject({ code: 'service_unavailable' });
  });

  it('end when the server stops, and none begins after', async () => {
    const { ended } = await follow();
    streams.beforeApplicationShutdown();
    await jest.advanceTimersByTimeAsync(0);
    expect(ended()).toBe(true);
    await expect(streams.follow(ID, '192.0.2.2')).rejects.toMatchObject({ code: 'service_unavailable' });
  });
});
