import type { SafeStorage } from './storage.js';

/** Longer than a refresh takes at most. */
const MAX_WAIT_MS = 15_000;
const POLL_MS = 50;
/** What one tab writes to `localStorage` reaches the processes of other tabs a little later. */
const SETTLE_MS = 100;

/**
 * Runs `task` in one tab at a time. After `MAX_WAIT_MS` it runs anyway: the server accepts the same
 * refresh token twice within ten seconds, so the lock saves requests and is not needed to be correct.
 */
export function withLock<Result>(
  name: string,
  storage: SafeStorage,
  task: () => Promise<Result>,
): Promise<Result> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return withLease(name, storage, task);
  return new Promise((resolve, reject) => {
    const run = () => task().then(resolve, reject);
    // The caller gets the result at once. The next tab gets the lock when it can read what was written.
    const runAndSettle = () => run().then(() => sleep(SETTLE_MS));
    locks.request(name, { signal: AbortSignal.timeout(MAX_WAIT_MS) }, runAndSettle).catch(run);
  });
}

/** Without Web Locks, such as on pages without https and in Node 20: a lease in the storage. */
async function withLease<Result>(
  name: string,
  storage: SafeStorage,
  task: () => Promise<Result>,
): Promise<Result> {
  const key = `${name}:lock`;
  const id = Math.random().toString(36);
  const deadline = Date.now() + MAX_WAIT_MS;
  const holder = async () => {
    const [owner, until] = ((await storage.get(key)) ?? '').split(' ');
    return Number(until) > Date.now() ? owner : undefined;
  };
  while (Date.now() < deadline) {
    if (await holder()) {
      await sleep(POLL_MS);
      continue;
    }
    await storage.set(key, `${id} ${Date.now() + MAX_WAIT_MS}`);
    // Two tabs may write at once. The last one holds the lease.
    await sleep(POLL_MS / 2);
    if ((await holder()) === id) break;
  }
  try {
    return await task();
  } finally {
    if ((await holder()) === id) await storage.set(key, null);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
