// node bench/profile.js [file]: self time in a profile of `pnpm bench --cpu-prof`, by default the
// newest one.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const RESULTS = fileURLToPath(new URL('results/', import.meta.url));
const TOP = 30;

const newest = () =>
  readdirSync(RESULTS)
    .filter((name) => name.endsWith('.cpuprofile'))
    .sort()
    .at(-1);
const file = process.argv[2] ?? `${RESULTS}${newest()}`;
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));

function groupOf({ functionName, url }) {
  if (functionName.startsWith('(')) return functionName;
  if (url === '' || url.startsWith('node:')) return 'node';
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (!name) return 'server';
  if (name.startsWith('pg')) return 'pg';
  if (name.startsWith('@nestjs/')) return 'nest';
  return name;
}

const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
const byPackage = new Map();
const byFunction = new Map();
const add = (sums, key, microseconds) => sums.set(key, (sums.get(key) ?? 0) + microseconds);
let busy = 0;
samples.forEach((id, i) => {
  const frame = frames.get(id);
  const group = groupOf(frame);
  if (group === '(idle)') return;
  busy += timeDeltas[i];
  add(byPackage, group, timeDeltas[i]);
  const place = frame.url.replace(/.*\/node_modules\//, '').replace(/.*\/dist\//, 'dist/');
  const name = frame.functionName || '(anonymous)';
  add(byFunction, `${group}: ${name} ${place}:${frame.lineNumber + 1}`, timeDeltas[i]);
});

function print(title, sums) {
  console.log(`\n${title}`);
  for (const [key, time] of [...sums].sort((a, b) => b[1] - a[1]).slice(0, TOP))
    console.log(`${((time / busy) * 100).toFixed(1).padStart(5)} %  ${key}`);
}
console.log(`${file}: ${(busy / 1e6).toFixed(1)} s busy`);
print('self time by package', byPackage);
print('self time by function', byFunction);
