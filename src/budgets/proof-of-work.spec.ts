import type { Challenge } from 'altcha-lib';
import { solve } from '../../test/support/proof.js';
import { Keyring } from '../common/keyring.js';
import type { Housekeeping } from '../database/housekeeping.js';
import { MAX_PAYLOAD, ProofOfWork } from './proof-of-work.js';
import type { UsedProofRepository } from './used-proof.repository.js';

const SECRET = 'a secret that is long enough for a test';
const ADA = 'email:ada@example.com';
const NETWORK = '192.0.2.0/24';

function proofOfWork(keyring = new Keyring(SECRET)): ProofOfWork {
  const used = new Set<string>();
  const repository = {
    add: (signature: Buffer) => {
      const isNew = !used.has(signature.toString('hex'));
      used.add(signature.toString('hex'));
      return Promise.resolve(isNew);
    },
  };
  return new ProofOfWork(
    keyring,
    repository as unknown as UsedProofRepository,
    { addRemoval: () => undefined } as unknown as Housekeeping,
  );
}

interface Decoded {
  challenge: Challenge;
  solution: Record<string, unknown>;
}

function changed(payload: string, change: (decoded: Decoded) => void): string {
  const decoded = JSON.parse(Buffer.from(payload, 'base64').toString()) as Decoded;
  change(decoded);
  return encoded(decoded);
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

const { jest } = import.meta;

describe('proof of work', () => {
  const proofs = proofOfWork();
  let payload: string;

  beforeAll(async () => {
    payload = await solve(await proofs.createChallenge(ADA, NETWORK, 1));
  });

  afterEach(() => void jest.useRealTimers());

  it('accepts a solved challenge for its subject and network', async () => {
    expect(await proofs.levelOf(payload, ADA, NETWORK)).toBe(1);
  });

  it('knows the level that was solved', async () => {
    const solved = await solve(await proofs.createChallenge(ADA, NETWORK, 3));
    expect(await proofs.levelOf(solved, ADA, NETWORK)).toBe(3);
  });

  it('has four levels', async () => {
    const { parameters } = await proofs.createChallenge(ADA, NETWORK, 9);
    expect(parameters.data).toEqual({ level: 4 });
  });

  it.each([
    ['subject', 'email:eve@example.com', NETWORK],
    ['network', ADA, '198.51.100.0/24'],
  ])('refuses a solution for another %s', async (_, subject, network) => {
    expect(await proofs.levelOf(payload, subject, network)).toBeNull();
  });

  it('keeps subject and network apart', async () => {
    const solved = await solve(await proofs.createChallenge('a', 'bc', 1));
    expect(await proofs.levelOf(solved, 'ab', 'c')).toBeNull();
  });

  it('refuses a challenge that expired after five minutes', async () => {
    jest.useFakeTimers({ now: Date.now() + 295_000, doNotFake: ['setTimeout', 'setImmediate', 'nextTick'] });
    expect(await proofs.levelOf(payload, ADA, NETWORK)).toBe(1);
    jest.setSystemTime(Date.now() + 10_000);
    expect(await proofs.levelOf(payload, ADA, NETWORK)).toBeNull();
  });

  it.each<[string, (decoded: Decoded) => void]>([
    ['a wrong key', ({ solution }) => (solution.derivedKey = 'ab'.repeat(32))],
    ['a key that only has the required prefix', onlyPrefix],
    ['no key', ({ solution }) => delete solution.derivedKey],
    ['a key that is not hexadecimal', ({ solution }) => (solution.derivedKey = 'zz')],
    ['a negative counter', ({ solution }) => (solution.counter = -1)],
    ['a counter of another type', ({ solution }) => (solution.counter = '1')],
    ['a raised level', ({ challenge }) => (challenge.parameters.data = { level: 4 })],
    ['a later end', ({ challenge }) => (challenge.parameters.expiresAt = 4_000_000_000)],
    ['no end', ({ challenge }) => delete challenge.parameters.expiresAt],
    ['a lower cost', ({ challenge }) => (challenge.parameters.cost = 1)],
    ['another algorithm', ({ challenge }) => (challenge.parameters.algorithm = 'SHA-256')],
    ['no signature', ({ challenge }) => delete challenge.signature],
    ['a wrong signature', ({ challenge }) => (challenge.signature = '00'.repeat(32))],
    ['no parameters', ({ challenge }) => delete (challenge as Partial<Challenge>).parameters],
  ])('refuses a payload with %s', async (_, change) => {
    expect(await proofs.levelOf(changed(payload, change), ADA, NETWORK)).toBeNull();
  });

  it.each([
    ['an empty text', ''],
    ['no Base64', '%%%'],
    ['no JSON', Buffer.from('{"challenge":').toString('base64')],
    ['null', encoded(null)],
    ['a number', encoded(1)],
    ['an array', encoded([])],
    ['an inherited property', Buffer.from('{"__proto__":{"challenge":{}}}').toString('base64')],
    ['deeply nested arrays', Buffer.from('['.repeat(1_000) + ']'.repeat(500)).toString('base64')],
    ['a payload that is too long', encoded('x'.repeat(MAX_PAYLOAD))],
    ['a huge payload', 'A'.repeat(10_000_000)],
  ])('refuses %s', async (_, garbage) => {
    expect(await proofs.levelOf(garbage, ADA, NETWORK)).toBeNull();
    expect(await proofs.consume(garbage)).toBe(false);
  });

  it('can be used once, however the solution is written', async () => {
    const solved = await solve(await proofs.createChallenge(ADA, NETWORK, 1));
    expect(await proofs.consume(solved)).toBe(true);
    expect(await proofs.consume(solved)).toBe(false);
    const rewritten = changed(solved, ({ solution }) => (solution.time = 1));
    expect(await proofs.levelOf(rewritten, ADA, NETWORK)).toBe(1);
    expect(await proofs.consume(rewritten)).toBe(false);
  });

  it('accepts one proof for everything that a request does, and for no other request', async () => {
    const solved = await solve(await proofs.createChallenge(ADA, NETWORK, 2));
    const client = { ip: '192.0.2.1', proofOfWork: solved };
    const levels = await Promise.all([
      proofs.accept(client, ADA, NETWORK),
      proofs.accept(client, ADA, NETWORK),
      proofs.accept(client, 'email:eve@example.com', NETWORK),
    ]);
    expect(levels).toEqual([2, 2, 0]);
    expect(await proofs.accept({ ...client }, ADA, NETWORK)).toBe(0);
  });

  it('gives a request without a proof the level 0', async () => {
    expect(await proofs.accept({ ip: '192.0.2.1' }, ADA, NETWORK)).toBe(0);
    expect(await proofs.accept({ ip: '192.0.2.1', proofOfWork: 'x' }, ADA, NETWORK)).toBe(0);
  });

  it('accepts a challenge of the previous secret during a rotation', async () => {
    const rotated = proofOfWork(new Keyring('the next secret, also long enough', SECRET));
    expect(await rotated.levelOf(payload, ADA, NETWORK)).toBe(1);
    const replaced = proofOfWork(new Keyring('the next secret, also long enough'));
    expect(await replaced.levelOf(payload, ADA, NETWORK)).toBeNull();
  });

  it('fits into the field of a request', () => {
    expect(payload.length).toBeLessThan(MAX_PAYLOAD / 2);
  });
});

function onlyPrefix({ challenge, solution }: Decoded): void {
  solution.derivedKey = challenge.parameters.keyPrefix.padEnd(64, '0');
}
