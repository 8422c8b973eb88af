import { randomBytes } from 'node:crypto';
import { Keyring } from './keyring.js';

const OLD = randomBytes(48).toString('base64');
const NEW = randomBytes(48).toString('base64');

describe('Keyring.seal', () => {
  const keyring = new Keyring(NEW);

  it('opens sealed values of any text', () => {
    for (const text of ['', '012345', 'ü€😀', 'x'.repeat(10_000)])
      expect(keyring.open(keyring.seal(text, 'a', 'b'), 'a', 'b')).toBe(text);
  });

  it('seals the same text differently each time and hides the text', () => {
    const one = keyring.seal('012345', 'a');
    expect(one.equals(keyring.seal('012345', 'a'))).toBe(false);
    expect(one.includes('012345')).toBe(false);
  });

  it('opens a value only with the same bound parts', () => {
    const sealed = keyring.seal('012345', 'phone:+14155550123', 'login', '');
    for (const boundTo of [
      ['phone:+14155550124', 'login', ''],
      ['phone:+14155550123', 'transaction', ''],
      ['phone:+14155550123', 'login', 'x'],
      ['phone:+14155550123', 'login'],
      ['phone:+14155550123login', ''],
      [],
    ])
      expect(() => keyring.open(sealed, ...boundTo)).toThrow();
  });

  it('rejects a value with a byte changed, removed or added', () => {
    const sealed = keyring.seal('012345', 'a');
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(i) ^ 1, i);
      expect(() => keyring.open(changed, 'a')).toThrow();
    }
    for (let length = 0; length < sealed.length; length++)
      expect(() => keyring.open(sealed.subarray(0, length), 'a')).toThrow();
    expect(() => keyring.open(Buffer.concat([sealed, Buffer.alloc(1)]), 'a')).toThrow();
  });
});

describe('rotated secret', () => {
  const before = new Keyring(OLD);
  const after = new Keyring(NEW, OLD);
  const later = new Keyring(NEW);

  it('opens values of the previous secret and of no older one', () => {
    const sealed = before.seal('012345', 'a');
    expect(after.open(sealed, 'a')).toBe('012345');
    expect(() => later.open(sealed, 'a')).toThrow();
  });

  it('seals with the new secret', () => {
    expect(later.open(after.seal('012345', 'a'), 'a')).toBe('012345');
    expect(() => before.open(after.seal('012345', 'a'), 'a')).toThrow();
  });

  it('has its own key id, which does not reveal the secret', () => {
    expect(after.keyId).toBe(later.keyId);
    expect(after.keyId).not.toBe(before.keyId);
    expect(after.keyId).toMatch(/^[0-9a-f]{8}$/);
  });

  it('computes MACs with the new secret and accepts those of both', () => {
    expect(after.mac('a')).toEqual(later.mac('a'));
    expect(after.acceptedMacs('a')).toEqual([later.mac('a'), before.mac('a')]);
    expect(later.acceptedMacs('a')).toEqual([later.mac('a')]);
  });
});

describe('next secret', () => {
  const before = new Keyring(OLD, undefined, NEW);
  const after = new Keyring(NEW, OLD);

  it('is accepted before it is the current one', () => {
    expect(before.open(after.seal('012345', 'a'), 'a')).toBe('012345');
    expect(after.open(before.seal('012345', 'a'), 'a')).toBe('012345');
    expect(before.acceptedMacs('a')).toContainEqual(after.mac('a'));
    expect(after.acceptedMacs('a')).toContainEqual(before.mac('a'));
  });

  it('makes no value until then, except by `next`', () => {
    const today = new Keyring(OLD);
    expect(before.keyId).toBe(today.keyId);
    expect(before.mac('a')).toEqual(today.mac('a'));
    expect(today.open(before.seal('012345', 'a'), 'a')).toBe('012345');
    expect(before.next?.keyId).toBe(after.keyId);
    expect(before.open(before.next?.seal('012345', 'a') ?? Buffer.alloc(0), 'a')).toBe('012345');
    expect(after.next).toBeUndefined();
  });

  it('is one of three accepted secrets, which are identified by what their values begin with', () => {
    const all = new Keyring('a', 'b', 'c');
    const each = ['a', 'b', 'c'].map((secret) => new Keyring(secret));
    expect(all.acceptedIds.map((id) => id.toString('hex'))).toEqual(each.map(({ keyId }) => keyId));
    expect(all.acceptedMacs('x')).toEqual(each.map((keyring) => keyring.mac('x')));
    for (const keyring of each) {
      expect(keyring.seal('', 'x').subarray(0, 4).toString('hex')).toBe(keyring.keyId);
      expect(all.open(keyring.seal('012345', 'x'), 'x')).toBe('012345');
    }
  });
});

describe('Keyring.mac', () => {
  const keyring = new Keyring(NEW);

  it('is equal only for the same parts under the same secret', () => {
    expect(keyring.mac('a', 'b')).toEqual(new Keyring(NEW).mac('a', 'b'));
    expect(keyring.mac('a', 'b')).not.toEqual(new Keyring(OLD).mac('a', 'b'));
    expect(keyring.mac('a', 'b')).toHaveLength(32);
  });

  it('differs when the same text is split into other parts', () => {
    const macs = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc'],
      ['abc', ''],
      ['', 'abc'],
      ['a","b', 'c'],
      ['c', 'ab'],
    ].map((parts) => keyring.mac(...parts).toString('hex'));
    expect(new Set(macs).size).toBe(macs.length);
  });
});
