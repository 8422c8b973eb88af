// Preloaded with --cpu-prof: a profile from the end of the warm-up to the end of the process, without its start.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const DIR = 'bench/results';
const session = new Session();
session.connect();
session.post('Profiler.enable');
let isOn = false;

process.on('message', (message) => {
  if (message !== 'warm') return;
  session.post('Profiler.start');
  isOn = true;
});
process.on('exit', () => {
  if (!isOn) return;
  mkdirSync(DIR, { recursive: true });
  session.post('Profiler.stop', (_error, { profile }) =>
    writeFileSync(
      `${DIR}/${new Date().toISOString().replaceAll(':', '-')}.cpuprofile`,
      JSON.stringify(profile),
    ),
  );
});
