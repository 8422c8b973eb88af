import { fork } from 'node:child_process';
import { once } from 'node:events';

interface Sample {
  seconds: number;
  requests: number;
  rows: number;
  mebibytes: number;
  heap: number;
  logPerRequest: number;
  connections: number;
}
interface Report {
  requests: number;
  answers: Record<string, number>;
  unexpected: string[];
  slopes: Record<string, number>;
  /** After everything that is over was removed. */
  rowsLeft: number;
  handles: Record<'before' | 'after', Record<string, number>>;
  samples: Sample[];
}

/** With the start and the calm after it, a minute and a quarter. */
const MINUTES = 0.9;

/** What 300 requests a second leave behind. */
describe('a minute of everything that people do', () => {
  let report: Report;
  beforeAll(async () => {
    const child = fork('bench/soak.js', [String(MINUTES)], {
      execArgv: [],
      env: { ...process.env, BENCH_DATABASE_URL: process.env.TEST_DATABASE_URL },
    });
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with ${code}`)));
    [report] = (await Promise.race([once(child, 'message'), ended])) as [Report];
    ended.catch(() => undefined);
    await once(child, 'exit');
    const { slopes, handles } = report;
    process.stderr.write(`soak: ${JSON.stringify({ slopes, handles, last: report.samples.at(-1) })}\n`);
  });

  it('is answered as expected, and at the speed at which it is asked', () => {
    expect(report.unexpected).toEqual([]);
    expect(Object.keys(report.answers).filter((status) => Number(status) >= 500)).toEqual([]);
    expect(report.requests).toBeGreaterThan(0.9 * MINUTES * 60 * 296);
  });

  it('leaves no memory behind', () => {
    expect(report.slopes['heap, bytes/request']).toBeLessThan(500);
  });

  it('leaves no rows behind that nobody needs, and a log of bounded lines', () => {
    expect(report.rowsLeft).toBeLessThan(0.1 * report.requests);
    for (const { mebibytes } of report.samples) expect(mebibytes).toBeLessThan(30);
    for (const { logPerRequest } of report.samples.slice(-5)) expect(logPerRequest).toBeLessThan(400);
  });

  it('leaves no timers, sockets or database connections behind', () => {
    for (const { connections } of report.samples) expect(connections).toBeLessThanOrEqual(8);
    // An idle connection of the pool is a socket and a timer. One may come or go between two looks, so may a timer.
    const { before, after } = report.handles;
    for (const type of ['TCPSocketWrap', 'Timeout'])
      expect(others(after, type)).toBeLessThanOrEqual(others(before, type) + 2);
  });
});

function others(handles: Record<string, number>, type: string): number {
  return (handles[type] ?? 0) - (handles['of the database'] ?? 0);
}
