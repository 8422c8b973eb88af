// The server as it is, with an ear for whoever measures it. Run with --expose-gc.
import '../dist/main.js';

process.on('message', () => {
  globalThis.gc();
  const handles = {};
  for (const type of process.getActiveResourcesInfo()) handles[type] = (handles[type] ?? 0) + 1;
  process.send({ heap: process.memoryUsage().heapUsed, handles });
});
// At once: whoever reads the log is gone as well.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
