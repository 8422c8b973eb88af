import { NodeWorker } from './node.js';
import { solve, type AltchaChallenge, type Share, type Solution } from './solve.js';

const MAX_WORKERS = 4;

export interface ProofOfWorkProgress {
  /** Keys tried so far. */
  tried: number;
  /** About how many have to be tried, or undefined if the challenge does not tell. */
  expected?: number;
  done: boolean;
}

interface SolveOptions {
  signal?: AbortSignal;
  onProgress?: (progress: ProofOfWorkProgress) => void;
}

interface Report {
  tried?: number;
  solution?: Solution;
  error?: string;
}

/** Solves a challenge and returns the payload for the member `proofOfWork` of the body. */
export async function proofOfWork(
  challenge: AltchaChallenge,
  { signal, onProgress }: SolveOptions,
): Promise<string> {
  const { parameters, signature } = challenge;
  let total = 0;
  // A longer prefix comes from a key that the server has chosen, at a counter that it does not tell.
  const digits = parameters.keyPrefix.length;
  const expected = digits <= 8 ? 16 ** digits : undefined;
  const report = (tried: number, done = false) =>
    onProgress?.({ tried: (total += tried), ...(expected && { expected }), done });
  report(0);
  const count = Math.min(MAX_WORKERS, globalThis.navigator?.hardwareConcurrency || 1);
  const shares = Array.from({ length: count }, (_, start) => ({ challenge, start, step: count }));
  const solution = await inWorkers(shares, report, signal).catch(() => {
    signal?.throwIfAborted();
    // No worker: the file was not bundled, or the page's policy forbids workers.
    return solve({ challenge, start: 0, step: 1 }, (tried) => {
      report(tried);
      return !signal?.aborted;
    });
  });
  signal?.throwIfAborted();
  report(0, true);
  return btoa(JSON.stringify({ challenge: { parameters, signature }, solution }));
}

/** Rejects if a worker cannot run. Ends all workers when one has found the solution. */
async function inWorkers(
  shares: Share[],
  report: (tried: number) => void,
  signal?: AbortSignal,
): Promise<Solution> {
  const stops: (() => void)[] = [];
  try {
    return await new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', reject, { once: true });
      stops.push(() => signal?.removeEventListener('abort', reject));
      const onReport = ({ tried, solution, error }: Report) => {
        if (tried) report(tried);
        if (solution) resolve(solution);
        if (error) reject(new Error(error));
      };
      for (const share of shares) stops.push(startWorker(share, onReport, reject));
    });
  } finally {
    for (const stop of stops) stop();
  }
}

/** Bundlers find the worker's file by the expression `new Worker(new URL(…))`. */
function startWorker(
  share: Share,
  onReport: (report: Report) => void,
  onError: (error: unknown) => void,
): () => void {
  const Threads = NodeWorker();
  if (Threads) {
    const worker = new Threads(new URL('./proof-worker.js', import.meta.url));
    worker.on('message', onReport);
    worker.on('error', onError);
    worker.postMessage(share);
    return () => void worker.terminate();
  }
  const worker = newWorker();
  worker.onmessage = ({ data }: MessageEvent<Report>) => onReport(data);
  worker.onerror = onError;
  worker.postMessage(share);
  return () => worker.terminate();
}

function newWorker(): Worker {
  try {
    return new Worker(new URL('./proof-worker.js', import.meta.url), { type: 'module' });
  } catch {
    // This file comes from another site, as `/elements.js` of a server does. Browsers start workers of
    // the page's own site only, but those may import from other sites.
    const { href } = new URL('./proof-worker.js', import.meta.url);
    const shim = new Blob([`import ${JSON.stringify(href)};`], { type: 'text/javascript' });
    const url = URL.createObjectURL(shim);
    // Revoked later, because browsers may read it after this call.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    return new Worker(url, { type: 'module' });
  }
}
