// Starts the built server in its own process. JavaScript, because the benchmarks import it without
// a build. Tests in TypeScript use `ServerProcess`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Starts the server and waits for the first 200 of `/health/ready`. */
export async function startServer(settings, { args = [MAIN], stdio = ['ignore', 'ignore', 'inherit'] } = {}) {
  const PORT = await freePort();
  const url = `http://127.0.0.1:${PORT}`;
  const started = performance.now();
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...settings, PORT },
    stdio,
  });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  while (!(await isReady(url))) {
    if (hasEnded()) throw new Error('the server did not start');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const milliseconds = performance.now() - started;
  return {
    child,
    url,
    milliseconds,
    cpuMilliseconds: cpuOf(child.pid),
    /** Resident memory, current and peak, in MiB (Linux). */
    memory() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const mebibytes = (name) =>
        Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
      return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
    },
    async stop() {
      if (hasEnded()) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Processor time of all threads of a process so far (Linux, in clock ticks of 10 ms). */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

function isReady(url) {
  return new Promise((resolve) => {
    request(`${url}/health/ready`, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('error', () => resolve(false))
      .end();
  });
}
