// One table: medians over the rounds, and ratios within each round.
import os from 'node:os';
import { operations } from './operations.js';

const HEADER = [
  'operation',
  'target',
  'req/s',
  'of the floor (min–max)',
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
const ORDER = ['floor', 'server', 'better-auth'];

export function report({ setting, results }) {
  const { rounds, seconds, connections, postgres } = setting;
  const paragraphs = [
    `${os.cpus().length} × ${os.cpus()[0]?.model.trim()}, Node ${process.version}, PostgreSQL ${postgres}, ` +
      `${rounds} rounds of ${seconds} s, ${connections} connections, ${new Date().toISOString().slice(0, 10)}`,
    table([HEADER, ...lines(results)]),
    'server ms, database ms: processor time of 1000 requests; load, others: share of all processors taken by the load ' +
      'generator and by programs that have no part in this',
  ];
  return `\n${paragraphs.join('\n\n')}\n`;
}

function lines(results) {
  return Object.entries(operations).flatMap(([operation, { yardstick }]) => {
    const passes = results.filter((result) => result.operation === operation);
    return ORDER.flatMap((name) => {
      const runs = passes.filter(({ target }) => target === name);
      if (runs.length === 0) return [];
      const of = (key, digits = 0) => format(median(runs.map((run) => run[key])), digits);
      const cells = [
        operation,
        name,
        of('perSecond'),
        name === 'floor' ? '1' : ratio(runs, results, 'floor', yardstick),
        name === 'better-auth' ? '1' : ratio(runs, results, 'better-auth', operation),
        of('p50', 1),
        of('p99', 1),
        of('serverMs'),
        of('databaseMs'),
        of('statements', 1),
        of('walFlushes', 2),
        of('walBytes'),
        of('mib'),
        of('loadShare', 2),
        of('others', 2),
      ];
      return [cells];
    });
  });
}

/** Each pass against the other target's of the same round: what happened to the machine happened to both. */
function ratio(runs, results, target, operation) {
  const ratios = runs.flatMap(({ round, perSecond }) =>
    results
      .filter((other) => other.target === target && other.operation === operation && other.round === round)
      .map((other) => perSecond / other.perSecond),
  );
  if (ratios.length === 0) return '–';
  const digits = median(ratios) < 10 ? 2 : 1;
  const [middle, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)];
  return `${middle.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const format = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '–');

/** Markdown, to be copied into a document. */
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
