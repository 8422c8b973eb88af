import { createChallenge, solveChallenge, type Challenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { networksOf } from '../../src/budgets/budget-keys.js';
import { Keyring } from '../../src/common/keyring.js';

/** Solves a challenge as the browser widget does. Returns the body's `proofOfWork`. */
export async function solve(challenge: Challenge): Promise<string> {
  const solution = await solveChallenge({ challenge, deriveKey });
  if (!solution) throw new Error('the challenge was not solved in time');
  return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
}

/** Solves the challenge of a problem document `proof_of_work_required`. */
export function solveProblem(problem: object): Promise<string> {
  const { proofOfWork } = problem as { proofOfWork?: Challenge };
  if (!proofOfWork) throw new Error('the problem document has no proofOfWork');
  return solve(proofOfWork);
}

/** Repeats a request with the proof of work that its reply asks for. */
export async function withProof<Reply extends { body: unknown }>(
  call: (proof: { proofOfWork?: string }) => PromiseLike<Reply>,
): Promise<Reply> {
  const reply = await call({});
  const { code } = reply.body as { code?: string };
  return code === 'proof_of_work_required'
    ? call({ proofOfWork: await solveProblem(reply.body as object) })
    : reply;
}

/**
 * A valid proof that takes no work: a challenge that is signed with the server's secret, and whose
 * solution is the first counter.
 */
export async function forgeProof(
  appSecret: string,
  { subject, ip, level }: { subject: string; ip: string; level: number },
): Promise<string> {
  const keyring = new Keyring(appSecret);
  const [network] = networksOf(ip);
  const mac = (use: string) => keyring.mac(use, subject, network).toString('hex');
  return solve(
    await createChallenge({
      algorithm: 'PBKDF2/SHA-256',
      cost: 2_000,
      counter: 0,
      data: { level },
      deriveKey,
      expiresAt: Math.floor(Date.now() / 1_000) + 60,
      hmacSignatureSecret: mac('proof of work'),
      hmacKeySignatureSecret: mac('proof of work solution'),
    }),
  );
}
