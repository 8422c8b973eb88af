import { testDatabase, type TestDatabase } from '../support/database.js';
import { soak, type SoakReport } from '../support/soak/soak.js';

const MINUTES = 0.9;

describe('the server after a minute of 300 requests a second', () => {
  let database: TestDatabase | undefined;
  let report: SoakReport;
  beforeAll(async () => {
    database = await testDatabase();
    const { DATABASE_URL = '' } = database.env;
    report = await soak({ databaseUrl: DATABASE_URL, minutes: MINUTES });
    const { slopes, handles } = report;
    const last = report.samples.at(-1);
    process.stderr.write(`soak: ${JSON.stringify({ slopes, handles, last })}\n`);
  });
  afterAll(() => database?.drop());

  it('has answered every request as expected and without delay', () => {
    expect(report.unexpected).toEqual([]);
    expect(Object.keys(report.answers).filter((status) => Number(status) >= 500)).toEqual([]);
    expect(report.requests).toBeGreaterThan(0.9 * MINUTES * 60 * 296);
  });

  it('has not leaked memory', () => {
    expect(report.slopes['heap, bytes/request']).toBeLessThan(500);
  });

  it('has removed finished rows and kept its log lines short', () => {
    expect(report.rowsLeft).toBeLessThan(0.1 * report.requests);
    for (const { mebibytes } of report.samples) expect(mebibytes).toBeLessThan(30);
    for (const { logPerRequest } of report.samples.slice(-5)) expect(logPerRequest).toBeLessThan(400);
  });

  it('has not leaked timers, sockets or database connections', () => {
    for (const { connections } of report.samples) expect(connections).toBeLessThanOrEqual(8);
    // An idle pooled connection is one socket and one timer. One of them may open or close between
    // two inspections, and so may a timer.
    const { before, after } = report.handles;
    for (const type of ['TCPSocketWrap', 'Timeout'])
      expect(withoutDatabase(after, type)).toBeLessThanOrEqual(withoutDatabase(before, type) + 2);
  });
});

function withoutDatabase(handles: Record<string, number>, type: string): number {
  return (handles[type] ?? 0) - (handles.databaseConnections ?? 0);
}
