// The worker that solves proofs of work. It runs in browsers and in Node.
import { parentPort } from './node.js';
import { solve, type Share } from './solve.js';

interface Port {
  onmessage: ((event: { data: Share }) => void) | null;
  postMessage(message: unknown): void;
}

const port = (parentPort() ?? globalThis) as unknown as Port;
port.onmessage = ({ data }) => {
  solve(data, (tried) => port.postMessage({ tried })).then(
    (solution) => port.postMessage({ solution }),
    (error: unknown) => port.postMessage({ error: String(error) }),
  );
};
