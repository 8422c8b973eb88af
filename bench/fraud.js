// pnpm bench:fraud [--only a,b]: the scenarios of test/support/fraud in full size, against two
// processes on PostgreSQL. Needs TEST_DATABASE_URL. With --short: as many requests as the tests send.
import { parseArgs } from 'node:util';
import { SCENARIOS } from '../test/support/fraud/scenarios.ts';
import { Simulation } from '../test/support/fraud/simulation.ts';
import { describeMachine, table, today } from './report.js';

const { values } = parseArgs({
  options: { only: { type: 'string' }, short: { type: 'boolean', default: false } },
});
const names = values.only?.split(',');
const chosen = SCENARIOS.filter(({ name }) => !names || names.includes(name));
const unknown = names?.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name)) ?? [];
if (unknown.length > 0) throw new Error(`unknown: ${unknown.join()}`);

const number = (value) => (Number.isInteger(value) ? String(value) : value.toPrecision(2));
const describeBar = ({ what, measured, atMost }) =>
  `${measured <= atMost ? '' : 'FAILED: '}${what} ${number(measured)}` +
  (atMost === Infinity ? '' : ` (≤ ${number(atMost)})`);

const rows = [['scenario', 'attempts', 'messages', 'money', 'honest people', 'bars', 'seconds']];
const simulation = await Simulation.start();
try {
  for (const { name, run } of chosen) {
    await simulation.reset();
    const start = performance.now();
    const { attempts, messages, money, honest, bars } = await run(simulation, !values.short);
    if (bars.some(({ measured, atMost }) => !(measured <= atMost))) process.exitCode = 1;
    const row = [
      ...[name, String(attempts), String(messages), money.toFixed(2), honest],
      ...[bars.map(describeBar).join('; '), String(Math.round((performance.now() - start) / 1_000))],
    ];
    rows.push(row);
    console.error(row.join(' | '));
  }
} finally {
  await simulation.stop();
}
console.log(`\n${describeMachine()}, ${today()}\n\n${table(rows)}`);
