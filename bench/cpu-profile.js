// Preloaded with --cpu-prof. Profiles from the end of the warm-up to the end of the process.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const RESULTS = new URL('results/', import.meta.url);
const session = new Session();
session.connect();
session.post('Profiler.enable');
let isRunning = false;

process.on('message', (message) => {
  if (message !== 'warm') return;
  session.post('Profiler.start');
  isRunning = true;
});
process.on('exit', () => {
  if (!isRunning) return;
  mkdirSync(RESULTS, { recursive: true });
  const name = `${new Date().toISOString().replaceAll(':', '-')}.cpuprofile`;
  session.post('Profiler.stop', (_error, { profile }) =>
    writeFileSync(new URL(name, RESULTS), JSON.stringify(profile)),
  );
});
