import { Keyring } from '../common/keyring.js';
import { createRefreshToken, readRefreshToken, deriveSuccessors } from './refresh-token.js';

const SESSION = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
const keyring = new Keyring('one secret');
const other = new Keyring('another secret');
const rotated = new Keyring('another secret', 'one secret');

describe('a refresh token', () => {
  it('names its session and is known as ours', () => {
    const token = createRefreshToken(keyring, SESSION);
    expect(token).toMatch(/^[\w-]{86}$/);
    expect(readRefreshToken(keyring, token)).toEqual({ sessionId: SESSION, isGenuine: true });
  });

  it('is another one each time', () => {
    expect(createRefreshToken(keyring, SESSION)).not.toBe(createRefreshToken(keyring, SESSION));
  });

  it('is not ours when one byte of it changes, wherever', () => {
    const bytes = Buffer.from(createRefreshToken(keyring, SESSION), 'base64url');
    for (let index = 16; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(readRefreshToken(keyring, changed.toString('base64url'))?.isGenuine).toBe(false);
    }
  });

  it('is not ours for another session', () => {
    const bytes = Buffer.from(createRefreshToken(keyring, SESSION), 'base64url');
    bytes[15] = (bytes[15] ?? 0) ^ 1;
    expect(readRefreshToken(keyring, bytes.toString('base64url'))).toMatchObject({ isGenuine: false });
  });

  it('is ours under the secret before a rotation, and not under a stranger', () => {
    const token = createRefreshToken(keyring, SESSION);
    expect(readRefreshToken(rotated, token)?.isGenuine).toBe(true);
    expect(readRefreshToken(other, token)?.isGenuine).toBe(false);
  });

  it.each([
    ['nothing', ''],
    ['a word', 'refresh'],
    ['63 bytes', Buffer.alloc(63, 7).toString('base64url')],
    ['65 bytes', Buffer.alloc(65, 7).toString('base64url')],
    ['no uuid', Buffer.alloc(64, 0xfe).toString('base64url')],
    ['a JWT', 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln'],
    ['a line break at its end (R4)', `${createRefreshToken(keyring, SESSION)}\n`],
    ['padding', `${createRefreshToken(keyring, SESSION)}==`],
  ])('is none: %s', (_, token) => {
    expect(readRefreshToken(keyring, token)).toBeNull();
  });

  it('is none when spelt in another way that decodes to the same bytes', () => {
    const token = createRefreshToken(keyring, SESSION);
    const spellings = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
      .map((last) => token.slice(0, -1) + last)
      .filter((spelling) => readRefreshToken(keyring, spelling)?.isGenuine);
    expect(spellings).toEqual([token]);
  });
});

describe('the successor of a refresh token', () => {
  it('is the same each time (T2), of the same session, ours, and another token', () => {
    const token = createRefreshToken(keyring, SESSION);
    const [successor = ''] = deriveSuccessors(keyring, SESSION, token);
    expect(deriveSuccessors(keyring, SESSION, token)).toEqual([successor]);
    expect(readRefreshToken(keyring, successor)).toEqual({ sessionId: SESSION, isGenuine: true });
    expect(successor).not.toBe(token);
    expect(deriveSuccessors(keyring, SESSION, successor)).not.toContain(token);
  });

  it('cannot be derived under another secret', () => {
    const token = createRefreshToken(keyring, SESSION);
    expect(deriveSuccessors(other, SESSION, token)).not.toEqual(deriveSuccessors(keyring, SESSION, token));
  });

  it('is found under each accepted secret, whichever process made it', () => {
    const token = createRefreshToken(keyring, SESSION);
    expect(deriveSuccessors(rotated, SESSION, token)).toEqual([
      ...deriveSuccessors(other, SESSION, token),
      ...deriveSuccessors(keyring, SESSION, token),
    ]);
  });
});
