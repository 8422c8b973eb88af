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
  /** The rows that remain after housekeeping. */
  rowsLeft: number;
  handles: Record<'before' | 'after', Record<string, number>>;
  samples: Sample[];
}

/** The whole run takes longer, because of the start and the idle time at the end. */
const MINUTES = 0.9;

/** Looks for leaks under 300 requests per second. */
describe('a minute of mixed traffic', () => {
  let report: Report;
  beforeAll(async () => {
    const child = fork('bench/soak.js', [String(MINUTES)], {
      execArgv: [],
      env: { ...process.env, BENCH_DATABASE_URL: process.env.TEST_DATABASE_URL },
    });
    const ended = once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`the soak ended with code ${code}`)),
    );
    [report] = (await Promise.race([once(child, 'message'), ended])) as [Report];
    ended.catch(() => undefined);
    await once(child, 'exit');
    const { slopes, handles } = report;
    process.stderr.write(`soak: ${JSON.stringify({ slopes, handles, last: report.samples.at(-1) })}\n`);
  });

  it('answers as expected at the requested rate', () => {
    expect(report.unexpected).toEqual([]);
    expect(Object.keys(report.answers).filter((status) => Number(status) >= 500)).toEqual([]);
    expect(report.requests).toBeGreaterThan(0.9 * MINUTES * 60 * 296);
  });

  it('leaks no memory', () => {
    expect(report.slopes['heap, bytes/request']).toBeLessThan(500);
  });

  it('leaves few rows behind and logs a bounded amount', () => {
    expect(report.rowsLeft).toBeLessThan(0.1 * report.requests);
    for (const { mebibytes } of report.samples) expect(mebibytes).toBeLessThan(30);
    for (const { logPerRequest } of report.samples.slice(-5)) expect(logPerRequest).toBeLessThan(400);
  });

  it('leaks no timers, sockets or database connections', () => {
    for (const { connections } of report.samples) expect(connections).toBeLessThanOrEqual(8);
    // Each idle pool connection has a socket and a timer. The tolerance covers one connection and
    // one timer that may appear between the two snapshots.
    const { before, after } = report.handles;
    for (const type of ['TCPSocketWrap', 'Timeout'])
      expect(handlesWithoutDatabase(after, type)).toBeLessThanOrEqual(
        handlesWithoutDatabase(before, type) + 2,
      );
  });
});

function handlesWithoutDatabase(handles: Record<string, number>, type: string): number {
  return (handles[type] ?? 0) - (handles['of the database'] ?? 0);
}
