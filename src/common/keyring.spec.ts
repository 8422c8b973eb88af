import { randomBytes } from 'node:crypto';
import { Keyring } from './keyring.js';

const OLD = randomBytes(48).toString('base64');
const NEW = randomBytes(48).toString('base64');

describe('sealing', () => {
  const keyring = new Keyring(NEW);

  it('opens what it sealed, whatever the text', () => {
    for (const text of ['', '012345', 'ü€😀', 'x'.repeat(10_000)])
      expect(keyring.open(keyring.seal(text, 'a', 'b'), 'a', 'b')).toBe(text);
  });

  it('never seals alike twice and shows nothing of the text', () => {
    const one = keyring.seal('012345', 'a');
    expect(one.equals(keyring.seal('012345', 'a'))).toBe(false);
    expect(one.includes('012345')).toBe(false);
  });

  it('opens only for what it was bound to', () => {
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

  it('refuses a value with any byte changed, cut or added', () => {
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

describe('a rotated secret', () => {
  const before = new Keyring(OLD);
  const after = new Keyring(NEW, OLD);
  const later = new Keyring(NEW);

  it('still opens what the previous one sealed, and nothing older', () => {
    const sealed = before.seal('012345', 'a');
    expect(after.open(sealed, 'a')).toBe('012345');
    expect(() => later.open(sealed, 'a')).toThrow();
  });

  it('seals with the new one', () => {
    expect(later.open(after.seal('012345', 'a'), 'a')).toBe('012345');
    expect(() => before.open(after.seal('012345', 'a'), 'a')).toThrow();
  });

  it('has a key id of its own that tells nothing of it', () => {
    expect(after.keyId).toBe(later.keyId);
    expect(after.keyId).not.toBe(before.keyId);
    expect(after.keyId).toMatch(/^[0-9a-f]{8}$/);
  });

  it('accepts hashes of both and makes them with the new one', () => {
    expect(after.mac('a')).toEqual(later.mac('a'));
    expect(after.acceptedMacs('a')).toEqual([later.mac('a'), before.mac('a')]);
    expect(later.acceptedMacs('a')).toEqual([later.mac('a')]);
  });
});

describe('a hash', () => {
  const keyring = new Keyring(NEW);

  it('is the same for the same parts under the same secret only', () => {
    expect(keyring.mac('a', 'b')).toEqual(new Keyring(NEW).mac('a', 'b'));
    expect(keyring.mac('a', 'b')).not.toEqual(new Keyring(OLD).mac('a', 'b'));
    expect(keyring.mac('a', 'b')).toHaveLength(32);
  });

  it('keeps parts apart', () => {
    const hashes = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc'],
      ['abc', ''],
      ['', 'abc'],
      ['a","b', 'c'],
      ['c', 'ab'],
    ].map((parts) => keyring.mac(...parts).toString('hex'));
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
