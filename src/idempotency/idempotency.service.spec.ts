import { Keyring } from '../common/keyring.js';
import type { Housekeeping } from '../database/housekeeping.js';
import type { IdempotencyKeyRepository, KeyedRequest, StoredKey } from './idempotency-key.repository.js';
import { IdempotencyKeys, type Claim } from './idempotency.service.js';

const OLD = 'the old secret of at least thirty-two characters';
const NEW = 'the new secret of at least thirty-two characters';
const REQUEST = {
  caller: 'user 1',
  route: 'POST /otp/generate',
  key: 'k',
  body: { email: 'ada@example.com' },
};
const ANSWER = { body: { otp: '123456' } };

/** One row, as the statements of the repository treat it. */
class OneRow {
  row?: { keyHash: Buffer; fingerprint?: Buffer; claimId: string; answer: Buffer | null };

  claim({ keyHash, fingerprints: [fingerprint], claimId }: KeyedRequest): Promise<boolean> {
    if (this.row?.keyHash.equals(keyHash)) return Promise.resolve(false);
    this.row = { keyHash, fingerprint, claimId, answer: null };
    return Promise.resolve(true);
  }

  find({ fingerprints }: KeyedRequest): Promise<StoredKey> {
    const isSameBody = fingerprints.some((one) => this.row?.fingerprint?.equals(one));
    return Promise.resolve({ isSameBody, answer: this.row?.answer ?? null });
  }

  complete(_: KeyedRequest, answer: Buffer): Promise<void> {
    if (this.row) this.row.answer = answer;
    return Promise.resolve();
  }
}

describe('idempotency keys', () => {
  const housekeeping = { addRemoval: () => undefined } as unknown as Housekeeping;
  const processWith = (row: OneRow, ...secrets: [string, string?, string?]) =>
    new IdempotencyKeys(row as unknown as IdempotencyKeyRepository, new Keyring(...secrets), housekeeping);

  async function run(keys: IdempotencyKeys): Promise<void> {
    const claim = await keys.claim(REQUEST);
    expect(claim).not.toHaveProperty('answer');
    await keys.complete(claim as Extract<Claim, { sealer: Keyring }>, ANSWER);
  }

  it('are known to processes before and after a rotation of the secret', async () => {
    type Secrets = [string, string?, string?];
    const before: Secrets = [OLD, undefined, NEW];
    const after: Secrets = [NEW, OLD];
    const orders: [Secrets, Secrets][] = [
      [before, after],
      [after, before],
    ];
    for (const [first, second] of orders) {
      const row = new OneRow();
      await run(processWith(row, ...first));
      expect(await processWith(row, ...second).claim(REQUEST)).toEqual({ answer: ANSWER });
    }
  });

  it('let only the request itself open the answer', async () => {
    const row = new OneRow();
    const keyring = new Keyring(OLD);
    await run(processWith(row, OLD));
    const stored = row.row?.answer ?? Buffer.of();
    expect(() => keyring.open(stored, row.row?.keyHash.toString('hex') ?? '')).toThrow(
      'no longer configured',
    );
  });
});
