// pnpm soak [minutes] [share]: 300 requests per second, or a share of them, and what grows
// meanwhile. Prints the figures; a run of five minutes or more also draws docs/soak.svg.
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { soak } from '../test/support/soak/soak.js';
import { createDatabase } from './database.js';
import { drawPlots } from './plot.js';

const [minutes = 20, share = 1] = process.argv.slice(2).map(Number);
const MIN_MINUTES_TO_PLOT = 5;
const PLOTS = new URL('../docs/soak.svg', import.meta.url);

const database = await createDatabase('otp_soak');
try {
  const report = await soak({ databaseUrl: database.url, minutes, share });
  print(report);
  if (minutes >= MIN_MINUTES_TO_PLOT) plot(report);
} finally {
  await database.drop();
}

function print({ samples, ...report }) {
  const warm = samples.filter(({ seconds }) => seconds > report.warmUpSeconds);
  const range = (name, digits = 0) => {
    const values = warm.map((sample) => sample[name]).filter((value) => value !== undefined);
    return `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
  };
  const lines = [
    `${os.cpus().length} cores, node ${process.version}, ${minutes} minutes`,
    `${report.requests} requests, ${perSecond(report)} a second: ${JSON.stringify(report.answers)}`,
    ...report.unexpected.map((text) => `  unexpected: ${text}`),
    `after ${report.warmUpSeconds} s:`,
    `  RSS ${range('rss')} MiB, heap after collection ${range('heap', 1)} MiB`,
    `  p50 ${range('p50', 1)} ms, p99 ${range('p99', 1)} ms (windows of ${report.sampleSeconds} s)`,
    `  rows ${range('rows')}, tables and indexes ${range('mebibytes', 1)} MiB`,
    `  log ${range('logPerRequest')} bytes a request, database connections ${range('connections')}`,
    ...Object.entries(report.slopes).map(([name, value]) => `  slope of ${name}: ${value.toFixed(2)}`),
    `rows left at the end: ${report.rowsLeft}`,
    `open before: ${JSON.stringify(report.handles.before)}`,
    `open after:  ${JSON.stringify(report.handles.after)}`,
  ];
  console.log(`\n${lines.join('\n')}`);
}

function plot({ samples, ...report }) {
  const line = (name, divisor = 1) =>
    samples
      .filter((sample) => sample[name] !== undefined)
      .map((sample) => [sample.seconds / 60, sample[name] / divisor]);
  const heading = `${perSecond(report)} requests a second for ${minutes} minutes`;
  const svg = drawPlots(heading, [
    { title: 'memory, MiB', lines: { RSS: line('rss'), 'heap after collection': line('heap') } },
    { title: 'response time, ms', lines: { p99: line('p99'), p50: line('p50') } },
    { title: 'tables and indexes, MiB', lines: { all: line('mebibytes') } },
    { title: 'rows, thousands', lines: { all: line('rows', 1000) } },
  ]);
  writeFileSync(PLOTS, svg);
}

function perSecond({ requests }) {
  return Math.round(requests / minutes / 60);
}
