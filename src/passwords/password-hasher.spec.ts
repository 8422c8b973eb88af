import bcrypt from 'bcrypt';
import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import { PasswordHasher } from './password-hasher.js';
import { PasswordKey } from './password-key.js';
import type { SealedKey } from './sealed-key.entity.js';
import type { SealedKeyRepository } from './sealed-key.repository.js';

const COST = 4;
const ADA = 'email:ada@example.com';

/** The table `sealed_keys` in memory. */
class FakeKeys {
  constructor(public row: SealedKey | null = null) {}

  find = () => Promise.resolve(this.row);
  add = (key: SealedKey) => Promise.resolve(void (this.row ??= key));
  reseal = (key: SealedKey, previous: string) => {
    if (this.row?.secretId === previous) this.row = key;
    return Promise.resolve();
  };
}

async function hasherWith(keys = new FakeKeys(), keyring = new Keyring('one'), cost = COST) {
  const key = new PasswordKey(keys as unknown as SealedKeyRepository, keyring);
  await key.onModuleInit();
  return new PasswordHasher(key, Config.from({ BCRYPT_COST: String(cost) }));
}

const saltOf = (hash: string) => hash.slice(0, 29);
const checksumOf = (hash: string) => hash.slice(29);

/**
 * The bcrypt rounds of comparisons, 2^cost each. bcrypt skips the rounds if the stored salt is
 * invalid, and `hash` rejects exactly those salts.
 */
async function roundsOf(comparisons: [data: string, stored: string][]): Promise<number> {
  let rounds = 0;
  for (const [data, stored] of comparisons) {
    expect(saltOf(await bcrypt.hash(data, saltOf(stored)))).toBe(saltOf(stored));
    rounds += 2 ** bcrypt.getRounds(stored);
  }
  return rounds;
}

describe('password hash', () => {
  it('matches only its own password and is different each time', async () => {
    const hasher = await hasherWith();
    const hash = await hasher.hash('velvet otters');
    expect(hash).toMatch(/^\$2b\$04\$/);
    expect(hash).not.toBe(await hasher.hash('velvet otters'));
    await expect(hasher.matches('velvet otters', hash)).resolves.toBe(true);
    for (const other of ['velvet otter', 'Velvet otters', 'velvet otters ', ' velvet otters', ''])
      await expect(hasher.matches(other, hash)).resolves.toBe(false);
  });

  it.each([
    ['after 72 bytes', 'x'.repeat(72), 'tail', 'other'],
    ['after 18 emoji', '😀'.repeat(18), 'tail', 'other'],
    ['at the 256th character', 'x'.repeat(255), 'y', 'z'],
    ['after a NUL', 'abc\0', 'x', 'y'],
    ['after a leading NUL', '\0', 'x', 'y'],
    ['in a lone surrogate', 'abc', '\ud800', '\ud801'],
  ])('tells passwords apart that differ %s', async (_, start, tail, other) => {
    const hasher = await hasherWith();
    const hash = await hasher.hash(start + tail);
    await expect(hasher.matches(start + tail, hash)).resolves.toBe(true);
    await expect(hasher.matches(start + other, hash)).resolves.toBe(false);
    await expect(hasher.matches(start, hash)).resolves.toBe(false);
  });

  it('matches composed and decomposed forms of the same characters', async () => {
    const hasher = await hasherWith();
    const hash = await hasher.hash('no\u00ebl and zo\u00eb');
    await expect(hasher.matches('noe\u0308l and zoe\u0308', hash)).resolves.toBe(true);
    await expect(hasher.matches('noel and zoe', hash)).resolves.toBe(false);
  });

  it('matches nothing under another key', async () => {
    const hash = await (await hasherWith()).hash('velvet otters');
    await expect((await hasherWith()).matches('velvet otters', hash)).resolves.toBe(false);
  });

  it('is outdated after the cost was raised, but still matches', async () => {
    const keys = new FakeKeys();
    const hasher = await hasherWith(keys);
    const costlier = await hasherWith(keys, undefined, COST + 1);
    const hash = await hasher.hash('velvet otters');
    await expect(costlier.matches('velvet otters', hash)).resolves.toBe(true);
    expect([hasher.isOutdated(hash), costlier.isOutdated(hash)]).toEqual([false, true]);
    expect(hasher.isOutdated(await costlier.hash('velvet otters'))).toBe(false);
  });
});

describe('deterministic hash', () => {
  it('is equal for the same address and password, and matches like any hash', async () => {
    const keys = new FakeKeys();
    const hash = await (await hasherWith(keys)).deterministicHash(ADA, 'velvet otters');
    const hasher = await hasherWith(keys);
    expect(await hasher.deterministicHash(ADA, 'velvet otters')).toBe(hash);
    await expect(hasher.matches('velvet otters', hash)).resolves.toBe(true);
    await expect(hasher.matches('velvet otter', hash)).resolves.toBe(false);
  });

  it('is different for another password, address or key', async () => {
    const hasher = await hasherWith();
    const hashes = await Promise.all([
      hasher.deterministicHash(ADA, 'velvet otters'),
      hasher.deterministicHash(ADA, 'velvet otter'),
      hasher.deterministicHash('email:eve@example.com', 'velvet otters'),
      (await hasherWith()).deterministicHash(ADA, 'velvet otters'),
    ]);
    expect(new Set(hashes.map(checksumOf)).size).toBe(4);
    expect(new Set(hashes.map(saltOf)).size).toBe(3);
  });
});

describe('comparison', () => {
  const damaged = ['', 'x', '$2b$10$', `$2b$31$${'.'.repeat(53)}`, `$2b$10$${'.'.repeat(52)}`, 'plaintext'];

  it.each([null, ...damaged])('matches no password with the stored value %j', async (stored) => {
    const hasher = await hasherWith();
    for (const password of ['', 'x', 'plaintext', '.'])
      await expect(hasher.matches(password, stored)).resolves.toBe(false);
  });

  it.each([
    ['a hash of the current cost', 0],
    ['a hash of a cost lower by 1', 1],
    ['a hash of a cost lower by 3', 3],
    ['a damaged hash', 'damaged'],
    ['no hash', null],
  ])('does the same number of bcrypt rounds for a wrong guess at %s', async (_, stored) => {
    const keys = new FakeKeys();
    const hasher = await hasherWith(keys, undefined, COST + 3);
    const hash =
      typeof stored === 'number'
        ? await (await hasherWith(keys, undefined, COST + 3 - stored)).hash('velvet otters')
        : stored;
    const compare = import.meta.jest.spyOn(bcrypt, 'compare');
    await hasher.matches('wrong otters', hash);
    const comparisons = compare.mock.calls;
    compare.mockRestore();
    expect(await roundsOf(comparisons)).toBe(2 ** (COST + 3));
  });
});

describe('password key', () => {
  const before = new Keyring('one');
  const after = new Keyring('two', 'one');
  const later = new Keyring('two');

  it('survives two rotations of APP_SECRET', async () => {
    const keys = new FakeKeys();
    const hash = await (await hasherWith(keys, before)).hash('velvet otters');
    await expect((await hasherWith(keys, after)).matches('velvet otters', hash)).resolves.toBe(true);
    expect(keys.row?.secretId).toBe(later.keyId);
    await expect((await hasherWith(keys, later)).matches('velvet otters', hash)).resolves.toBe(true);
  });

  it('is sealed again only when the secret has changed', async () => {
    const keys = new FakeKeys();
    await hasherWith(keys, before);
    const stored = keys.row;
    await hasherWith(keys, before);
    expect(keys.row).toBe(stored);
  });

  it('fails at the start, and is not replaced, when no configured secret opens it', async () => {
    const keys = new FakeKeys();
    await hasherWith(keys, before);
    const stored = keys.row;
    await expect(hasherWith(keys, later)).rejects.toThrow(/APP_SECRET_PREVIOUS/);
    expect(keys.row).toBe(stored);
  });

  it('is the same for processes that create it at the same time', async () => {
    const keys = new FakeKeys();
    const [one, two] = await Promise.all([hasherWith(keys, before), hasherWith(keys, before)]);
    await expect(two.matches('velvet otters', await one.hash('velvet otters'))).resolves.toBe(true);
  });
});
