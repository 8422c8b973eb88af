import type { Readable } from 'node:stream';
import { Logger } from '@nestjs/common';
import type { ChallengeStatusService } from './challenge-status.service.js';
import { ChallengeStreams } from './challenge-streams.js';
import type { ChallengeStatus } from './otp.dto.js';

const { jest } = import.meta;
const ID = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
const challenge = (n: number) => `${ID.slice(0, -4)}${String(n).padStart(4, '0')}`;
const PENDING = { status: 'pending', delivery: 'queued', attemptsLeft: 3 } as ChallengeStatus;

/** Returns the same status for every challenge. */
class FakeStatuses implements Pick<ChallengeStatusService, 'find' | 'findAll'> {
  current: Partial<ChallengeStatus> | Error = {};
  /** The ids of each query. */
  queries: string[][] = [];
  /** Queries wait for this. */
  delay: Promise<void> = Promise.resolve();

  find(id: string): Promise<ChallengeStatus> {
    return Promise.resolve({ ...PENDING, ...this.current, id });
  }

  async findAll(ids: string[]): Promise<ChallengeStatus[]> {
    this.queries.push(ids);
    await this.delay;
    if (this.current instanceof Error) throw this.current;
    return Promise.all(ids.map((id) => this.find(id)));
  }
}

describe('ChallengeStreams', () => {
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

  /** Opens a stream and collects what it sends. */
  async function follow(
    id = ID,
    network = '192.0.2.1',
    withReason = false,
  ): Promise<{ received: () => string; ended: () => boolean }> {
    const stream = (await streams.follow(id, network, { withReason })) as Readable;
    let text = '';
    let hasEnded = false;
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    stream.on('end', () => (hasEnded = true));
    await jest.advanceTimersByTimeAsync(0);
    return { received: () => text, ended: () => hasEnded };
  }

  it('runs one query a second for all streams, and none without streams', async () => {
    await jest.advanceTimersByTimeAsync(5_000);
    expect(statuses.queries).toEqual([]);
    const ids = [1, 2, 3].map((n) => `${ID.slice(0, -1)}${n}`);
    for (const id of [...ids, ...ids]) await follow(id, `192.0.2.${ids.indexOf(id)}`);
    await jest.advanceTimersByTimeAsync(3_000);
    expect(statuses.queries).toEqual([ids, ids, ids]);
  });

  it('sends each change once and ends when the code does', async () => {
    const { received, ended } = await follow();
    expect(received()).toMatch(/^id: pending\ndata: \{.*"delivery":"queued".*\}\n\n$/);
    await jest.advanceTimersByTimeAsync(5_000);
    statuses.current = { delivery: 'sent' };
    await jest.advanceTimersByTimeAsync(5_000);
    statuses.current = { delivery: 'sent', status: 'approved' };
    await jest.advanceTimersByTimeAsync(1_000);
    expect(received().match(/^id: .*$/gm)).toEqual(['id: pending', 'id: pending', 'id: approved']);
    expect(ended()).toBe(true);
    statuses.queries = [];
    await jest.advanceTimersByTimeAsync(5_000);
    expect(statuses.queries).toEqual([]);
  });

  it('keeps a stream that opens during a query', async () => {
    await follow();
    let finishQuery = () => {};
    statuses.delay = new Promise((resolve) => (finishQuery = resolve));
    await jest.advanceTimersByTimeAsync(1_000);
    const { ended } = await follow(ID.replace('1', '2'));
    finishQuery();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(ended()).toBe(false);
    expect(statuses.queries).toHaveLength(11);
  });

  it('sends a heartbeat every 15 seconds and ends after 10 minutes', async () => {
    const { received, ended } = await follow();
    await jest.advanceTimersByTimeAsync(62_000);
    expect(received().match(/^: .*\n\n/gm)).toHaveLength(3);
    await jest.advanceTimersByTimeAsync(535_000);
    expect(ended()).toBe(false);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(ended()).toBe(true);
  });

  it('stays open while the database is down', async () => {
    const { received, ended } = await follow();
    statuses.current = new Error('database down');
    await jest.advanceTimersByTimeAsync(20_000);
    expect(received()).toContain(': still here');
    statuses.current = { status: 'expired' };
    await jest.advanceTimersByTimeAsync(1_000);
    expect(received()).toContain('"status":"expired"');
    expect(ended()).toBe(true);
  });

  it('limits the streams of one network', async () => {
    for (let n = 0; n < 5; n++) await follow(challenge(n), '192.0.2.1');
    await expect(streams.follow(ID, '192.0.2.1')).rejects.toMatchObject({ code: 'too_many_streams' });
    await follow(ID, '192.0.2.2');
  });

  it('limits the streams of one challenge', async () => {
    for (let n = 0; n < 5; n++) await follow(ID, `192.0.2.${n}`);
    await expect(streams.follow(ID, '192.0.2.5')).rejects.toMatchObject({ code: 'too_many_streams' });
    await follow(challenge(1), '192.0.2.5');
  });

  it('makes room by ending the oldest stream of the busiest network when all places are taken', async () => {
    const owner = await follow(challenge(9_999), '198.51.100.1');
    const strangers = [];
    for (let n = 0; n < 999; n++) strangers.push(await follow(challenge(n), `10.0.0.${Math.floor(n / 4)}`));
    const next = [];
    for (let n = 0; n < 20; n++) next.push(await follow(challenge(2_000 + n), `203.0.113.${n}`));
    expect(owner.ended()).toBe(false);
    expect(next.map(({ ended }) => ended())).toEqual(Array<boolean>(20).fill(false));
    const ended = strangers.flatMap(({ ended }, n) => (ended() ? [n] : []));
    expect(ended).toEqual(Array.from({ length: 20 }, (_, n) => n * 4));
  });

  it('says why a delivery failed only to streams that may know it', async () => {
    statuses.current = { delivery: 'failed', deliveryReason: { code: 'opted_out', text: 'It opted out.' } };
    const stranger = await follow(ID, '192.0.2.1');
    const owner = await follow(ID, '192.0.2.2', true);
    expect(stranger.received()).toContain('"delivery":"failed"');
    expect(stranger.received()).not.toContain('opted');
    expect(owner.received()).toContain('opted_out');
  });

  it('ends every stream on shutdown and opens no more', async () => {
    const { ended } = await follow();
    streams.beforeApplicationShutdown();
    await jest.advanceTimersByTimeAsync(0);
    expect(ended()).toBe(true);
    await expect(streams.follow(ID, '192.0.2.2')).rejects.toMatchObject({ code: 'service_unavailable' });
  });
});
