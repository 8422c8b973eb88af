import { Keyring } from '../common/keyring.js';
import { createRefreshToken, readRefreshToken, deriveSuccessors } from './refresh-token.js';

const SESSION = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
const keyring = new Keyring('one secret');
const other = new Keyring('another secret');
const rotated = new Keyring('another secret', 'one secret');

describe('refresh token', () => {
  it('names its session and is genuine', () => {
    const token = createRefreshToken(keyring, SESSION);
    expect(token).toMatch(/^[\w-]{86}$/);
    expect(readRefreshToken(keyring, token)).toEqual({ sessionId: SESSION, isGenuine: true });
  });

  it('is different each time', () => {
    expect(createRefreshToken(keyring, SESSION)).not.toBe(createRefreshToken(keyring, SESSION));
  });

  it('is not genuine after any byte of its secret or tag changes', () => {
    const bytes = Buffer.from(createRefreshToken(keyring, SESSION), 'base64url');
    for (let index = 16; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(readRefreshToken(keyring, changed.toString('base64url'))?.isGenuine).toBe(false);
    }
  });

  it('is not genuine for another session', () => {
    const bytes = Buffer.from(createRefreshToken(keyring, SESSION), 'base64url');
    bytes[15] = (bytes[15] ?? 0) ^ 1;
    expect(readRefreshToken(keyring, bytes.toString('base64url'))).toMatchObject({ isGenuine: false });
  });

  it('stays genuine after a rotation of APP_SECRET and is not genuine under an unrelated secret', () => {
    const token = createRefreshToken(keyring, SESSION);
    expect(readRefreshToken(rotated, token)?.isGenuine).toBe(true);
    expect(readRefreshToken(other, token)?.isGenuine).toBe(false);
  });

  it.each([
    ['an empty string', ''],
    ['a word', 'refresh'],
    ['63 bytes', Buffer.alloc(63, 7).toString('base64url')],
    ['65 bytes', Buffer.alloc(65, 7).toString('base64url')],
    ['an id that is not a UUID', Buffer.alloc(64, 0xfe).toString('base64url')],
    ['a JWT', 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln'],
    ['a token with a trailing line break', `${createRefreshToken(keyring, SESSION)}\n`],
    ['a token with padding', `${createRefreshToken(keyring, SESSION)}==`],
  ])('rejects %s', (_, token) => {
    expect(readRefreshToken(keyring, token)).toBeNull();
  });

  it('rejects other spellings that decode to the same bytes', () => {
    const token = createRefreshToken(keyring, SESSION);
    const spellings = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
      .map((last) => token.slice(0, -1) + last)
      .filter((spelling) => readRefreshToken(keyring, spelling)?.isGenuine);
    expect(spellings).toEqual([token]);
  });
});

describe('successor of a refresh token', () => {
  const SALT = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002';
  const successors = (ring: Keyring, token: string, salt = SALT) =>
    deriveSuccessors(ring, { sessionId: SESSION, token, salt });

  it('is always the same genuine token of the session, different from its predecessor', () => {
    const token = createRefreshToken(keyring, SESSION);
    const [successor = ''] = successors(keyring, token);
    expect(successors(keyring, token)).toEqual([successor]);
    expect(readRefreshToken(keyring, successor)).toEqual({ sessionId: SESSION, isGenuine: true });
    expect(successor).not.toBe(token);
    expect(successors(keyring, successor)).not.toContain(token);
  });

  it('is different with another salt', () => {
    const token = createRefreshToken(keyring, SESSION);
    expect(successors(keyring, token, SESSION)).not.toEqual(successors(keyring, token));
  });

  it('is different under another secret', () => {
    const token = createRefreshToken(keyring, SESSION);
    expect(successors(other, token)).not.toEqual(successors(keyring, token));
  });

  it('is found under each accepted secret, no matter which process derived it', () => {
    const token = createRefreshToken(keyring, SESSION);
    expect(successors(rotated, token)).toEqual([...successors(other, token), ...successors(keyring, token)]);
  });
});
