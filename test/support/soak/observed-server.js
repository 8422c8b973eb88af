// The server, which also reports its heap and open handles to its parent. Run it with --expose-gc.
import '../../../dist/main.js';

process.on('message', () => {
  globalThis.gc();
  const handles = {};
  for (const type of process.getActiveResourcesInfo()) handles[type] = (handles[type] ?? 0) + 1;
  process.send({ heap: process.memoryUsage().heapUsed, handles });
});
// SIGKILL, because the parent that reads the log is gone as well.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
