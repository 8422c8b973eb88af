// One table: medians over the rounds, and ratios within each round.
import os from 'node:os';
import { operations } from './operations.js';

const HEADER = [
  'operation',
  'target',
  'req/s',
  '× baseline (min–max)',
  '× Better Auth (min–max)',
  'p50 ms',
  'p99 ms',
  'server ms',
  'database ms',
  'statements',
  'flushes',
  'WAL bytes',
  'RSS MiB',
  'load',
  'others',
];
const TEXT_COLUMNS = 2;
const TARGETS = ['baseline', 'server', 'better-auth'];

export function report({ rounds, seconds, connections, postgresVersion, results }) {
  const paragraphs = [
    `${describeMachine()}, PostgreSQL ${postgresVersion}, ` +
      `${rounds} rounds of ${seconds} s, ${connections} connections, ${today()}`,
    table([HEADER, ...rows(results)]),
    'server ms, database ms: processor time of 1000 requests\n' +
      'load, others: share of all processors taken by the load generator, and by programs outside the measurement',
  ];
  return `\n${paragraphs.join('\n\n')}\n`;
}

export const describeMachine = () =>
  `${os.cpus().length} × ${os.cpus()[0]?.model.trim()}, Node ${process.version}`;

export const today = () => new Date().toISOString().slice(0, 10);

function rows(results) {
  return Object.entries(operations).flatMap(([operation, { baseline }]) => {
    const ofOperation = results.filter((result) => result.operation === operation);
    return TARGETS.flatMap((name) => {
      const runs = ofOperation.filter(({ target }) => target === name);
      if (runs.length === 0) return [];
      const middle = (key, digits = 0) => format(median(runs.map((run) => run[key])), digits);
      const cells = [
        operation,
        name,
        middle('perSecond'),
        name === 'baseline' ? '1' : ratio(runs, results, 'baseline', baseline),
        name === 'better-auth' ? '1' : ratio(runs, results, 'better-auth', operation),
        middle('p50', 1),
        middle('p99', 1),
        middle('serverMs'),
        middle('databaseMs'),
        middle('statements', 1),
        middle('walFlushes', 2),
        middle('walBytes'),
        middle('mib'),
        middle('loadShare', 2),
        middle('otherShare', 2),
      ];
      return [cells];
    });
  });
}

/** Compares runs of the same round, because the speed of the machine changes between rounds. */
function ratio(runs, results, target, operation) {
  const ratios = runs.flatMap(({ round, perSecond }) =>
    results
      .filter((other) => other.target === target && other.operation === operation && other.round === round)
      .map((other) => perSecond / other.perSecond),
  );
  if (ratios.length === 0) return '–';
  return withRange(ratios, median(ratios) < 10 ? 2 : 1);
}

export function withRange(values, digits) {
  const [middle, min, max] = [median(values), Math.min(...values), Math.max(...values)];
  return `${middle.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const format = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '–');

/** A Markdown table. */
export function table([header, ...rows]) {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column].length)));
  const pad = (cell, column) =>
    column < TEXT_COLUMNS ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  const rule = widths.map((width, column) =>
    column < TEXT_COLUMNS ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [header.map(pad), rule, ...rows.map((row) => row.map(pad))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
