// node bench/profile.js [file]: self time in a profile of `pnpm bench --cpu-prof`, the newest by default.
import { readdirSync, readFileSync } from 'node:fs';

const DIR = 'bench/results';
const TOP = 30;

const newest = () =>
  readdirSync(DIR)
    .filter((name) => name.endsWith('.cpuprofile'))
    .sort()
    .at(-1);
const file = process.argv[2] ?? `${DIR}/${newest()}`;
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));

function groupOf({ functionName, url }) {
  if (functionName.startsWith('(')) return functionName;
  if (url === '' || url.startsWith('node:')) return 'node';
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (!name) return 'ours';
  if (name.startsWith('pg')) return 'pg';
  if (name.startsWith('@nestjs/')) return 'nest';
  return name;
}

const byId = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
const groups = new Map();
const functions = new Map();
const add = (sums, key, microseconds) => sums.set(key, (sums.get(key) ?? 0) + microseconds);
let busy = 0;
samples.forEach((id, i) => {
  const frame = byId.get(id);
  const group = groupOf(frame);
  if (group === '(idle)') return;
  busy += timeDeltas[i];
  add(groups, group, timeDeltas[i]);
  const place = frame.url.replace(/.*\/node_modules\//, '').replace(/.*\/dist\//, 'dist/');
  add(
    functions,
    `${group}: ${frame.functionName || '(anonymous)'} ${place}:${frame.lineNumber + 1}`,
    timeDeltas[i],
  );
});

function print(title, sums) {
  console.log(`\n${title}`);
  for (const [key, time] of [...sums].sort((a, b) => b[1] - a[1]).slice(0, TOP))
    console.log(`${((time / busy) * 100).toFixed(1).padStart(5)} %  ${key}`);
}
console.log(`${file}: ${(busy / 1e6).toFixed(1)} s busy`);
print('self time by package', groups);
print('self time by function', functions);
