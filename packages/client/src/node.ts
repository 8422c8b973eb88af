interface NodeWorker {
  on(event: string, listener: (value: never) => void): void;
  postMessage(message: unknown): void;
  terminate(): unknown;
}

interface WorkerThreads {
  Worker: new (url: URL) => NodeWorker;
  parentPort: object | null;
}

/** `node:worker_threads`, asked for at run time so that bundlers for browsers do not see an import. */
function workerThreads(): WorkerThreads | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } };
  return process?.getBuiltinModule?.('node:worker_threads') as WorkerThreads | undefined;
}

export const parentPort = () => workerThreads()?.parentPort;
export const NodeWorker = () => workerThreads()?.Worker;
