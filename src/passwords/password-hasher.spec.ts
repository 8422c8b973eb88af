import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import { PasswordHasher } from './password-hasher.js';
import { PasswordKey } from './password-key.js';
import type { SealedKey } from './sealed-key.entity.js';
import type { SealedKeyRepository } from './sealed-key.repository.js';

const COST = 4;
const ADA = 'email:ada@example.com';

/** The table, with the statements' effects. */
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

describe('a hash', () => {
  it('is right for its password only, and never alike twice', async () => {
    const hasher = await hasherWith();
    const hash = await hasher.hash('velvet otters');
    expect(hash).toMatch(/^\$2b\$04\$/);
    expect(hash).not.toBe(await hasher.hash('velvet otters'));
    await expect(hasher.matches('velvet otters', hash)).resolves.toBe(true);
    for (const other of ['velvet otter', 'Velvet otters', 'velvet otters ', ' velvet otters', ''])
      await expect(hasher.matches(other, hash)).resolves.toBe(false);
  });

  it.each([
    ['after 72 bytes (K1)', 'x'.repeat(72), 'tail', 'other'],
    ['after 18 emoji (K1)', '😀'.repeat(18), 'tail', 'other'],
    ['at the 256th character (K1)', 'x'.repeat(255), 'y', 'z'],
    ['after a NUL (K2)', 'abc\0', 'x', 'y'],
    ['after a leading NUL (K2)', '\0', 'x', 'y'],
    ['between broken characters', 'abc', '\ud800', '\ud801'],
  ])('heeds what differs %s', async (_, start, tail, other) => {
    const hasher = await hasherWith();
    const hash = await hasher.hash(start + tail);
    await expect(hasher.matches(start + tail, hash)).resolves.toBe(true);
    await expect(hasher.matches(start + other, hash)).resolves.toBe(false);
    await expect(hasher.matches(start, hash)).resolves.toBe(false);
  });

  it('is the same password composed and decomposed (K3)', async () => {
    const hasher = await hasherWith();
    const hash = await hasher.hash('no\u00ebl and zo\u00eb');
    await expect(hasher.matches('noe\u0308l and zoe\u0308', hash)).resolves.toBe(true);
    await expect(hasher.matches('noel and zoe', hash)).resolves.toBe(false);
  });

  it('is worth nothing without the key', async () => {
    const hash = await (await hasherWith()).hash('velvet otters');
    await expect((await hasherWith()).matches('velvet otters', hash)).resolves.toBe(false);
  });

  it('is outdated when the cost has risen, and stays right', async () => {
    const keys = new FakeKeys();
    const hasher = await hasherWith(keys);
    const later = await hasherWith(keys, undefined, COST + 1);
    const hash = await hasher.hash('velvet otters');
    await expect(later.matches('velvet otters', hash)).resolves.toBe(true);
    expect([hasher.isOutdated(hash), later.isOutdated(hash)]).toEqual([false, true]);
    expect(hasher.isOutdated(await later.hash('velvet otters'))).toBe(false);
  });
});

describe('a hash for an address', () => {
  it('is the same for the same password and address, and an ordinary hash', async () => {
    const keys = new FakeKeys();
    const hash = await (await hasherWith(keys)).deterministicHash(ADA, 'velvet otters');
    const hasher = await hasherWith(keys);
    expect(await hasher.deterministicHash(ADA, 'velvet otters')).toBe(hash);
    await expect(hasher.matches('velvet otters', hash)).resolves.toBe(true);
    await expect(hasher.matches('velvet otter', hash)).resolves.toBe(false);
  });

  it('differs with the password, the address and the key', async () => {
    const hasher = await hasherWith();
    const hashes = await Promise.all([
      hasher.deterministicHash(ADA, 'velvet otters'),
      hasher.deterministicHash(ADA, 'velvet otter'),
      hasher.deterministicHash('email:eve@example.com', 'velvet otters'),
      (await hasherWith()).deterministicHash(ADA, 'velvet otters'),
    ]);
    expect(new Set(hashes.map((hash) => hash.slice(29))).size).toBe(4);
    expect(new Set(hashes.map((hash) => hash.slice(0, 29))).size).toBe(3);
  });
});

describe('where there is no password', () => {
  const COSTLY = 10;
  const damaged = ['', 'x', '$2b$10$', `$2b$31$${'.'.repeat(53)}`, `$2b$10$${'.'.repeat(52)}`, 'plaintext'];

  it.each([null, ...damaged])('nothing is right for %j', async (stored) => {
    const hasher = await hasherWith();
    for (const password of ['', 'x', 'plaintext', '.'])
      await expect(hasher.matches(password, stored)).resolves.toBe(false);
  });

  it('a guess takes as long as at a real one (E2)', async () => {
    const keys = new FakeKeys();
    const hasher = await hasherWith(keys, undefined, COSTLY);
    const real = await hasher.hash('velvet otters');
    const cheap = await (await hasherWith(keys, undefined, COSTLY - 2)).hash('velvet otters');
    // The quickest of several, taken in turns: whatever else the machine does only makes them slower.
    const kinds = [real, null, 'damaged', cheap];
    const quickest = kinds.map(() => Infinity);
    for (let round = 0; round < 6; round++) {
      for (const [kind, stored] of kinds.entries()) {
        const start = performance.now();
        await hasher.matches('wrong otters', stored);
        quickest[kind] = Math.min(quickest[kind] ?? Infinity, performance.now() - start);
      }
    }
    const [usual = 0, ...others] = quickest;
    for (const milliseconds of others) {
      expect(milliseconds / usual).toBeGreaterThan(0.5);
      expect(milliseconds / usual).toBeLessThan(2);
    }
  });
});

describe('the key', () => {
  const before = new Keyring('one');
  const after = new Keyring('two', 'one');
  const later = new Keyring('two');

  it('outlives a rotated APP_SECRET, and the one after it', async () => {
    const keys = new FakeKeys();
    const hash = await (await hasherWith(keys, before)).hash('velvet otters');
    await expect((await hasherWith(keys, after)).matches('velvet otters', hash)).resolves.toBe(true);
    expect(keys.row?.secretId).toBe(later.keyId);
    await expect((await hasherWith(keys, later)).matches('velvet otters', hash)).resolves.toBe(true);
  });

  it('is sealed anew only when the secret has changed', async () => {
    const keys = new FakeKeys();
    await hasherWith(keys, before);
    const made = keys.row;
    await hasherWith(keys, before);
    expect(keys.row).toBe(made);
  });

  it('stops the start, and is not replaced, when no known secret opens it', async () => {
    const keys = new FakeKeys();
    await hasherWith(keys, before);
    const made = keys.row;
    await expect(hasherWith(keys, later)).rejects.toThrow(/APP_SECRET_PREVIOUS/);
    expect(keys.row).toBe(made);
  });

  it('is the one of the winner when processes start together', async () => {
    const keys = new FakeKeys();
    const [one, two] = await Promise.all([hasherWith(keys, before), hasherWith(keys, before)]);
    await expect(two.matches('velvet otters', await one.hash('velvet otters'))).resolves.toBe(true);
  });
});
