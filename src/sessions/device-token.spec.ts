import { Keyring } from '../common/keyring.js';
import { deviceIdOf, createDeviceToken, deriveNextTokens } from './device-token.js';

describe('device token', () => {
  it('contains the id of its device', () => {
    const { id, token } = createDeviceToken();
    expect(token).toMatch(/^[\w-]{64}$/);
    expect(deviceIdOf(token)).toBe(id);
  });

  it('is different each time', () => {
    expect(createDeviceToken().token).not.toBe(createDeviceToken().token);
  });

  it.each([
    ['undefined', undefined],
    ['an empty string', ''],
    ['a word', 'device'],
    ['one byte too few', Buffer.alloc(47, 7).toString('base64url')],
    ['one byte too many', Buffer.alloc(49, 7).toString('base64url')],
    ['an id that is not a UUID', Buffer.alloc(48, 0xfe).toString('base64url')],
    ['a trailing line break', `${createDeviceToken().token}\n`],
    ['base64 instead of base64url', Buffer.alloc(48, 0xfb).toString('base64')],
    ['an SQL injection', "' or 1=1 --"],
    ['100 kB', 'a'.repeat(100_000)],
  ])('reads no device id from %s', (_, token) => {
    expect(deviceIdOf(token)).toBeNull();
  });
});

describe('next device token', () => {
  const salt = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002';
  const device = createDeviceToken();

  it('belongs to the same device and is always the same', () => {
    const [next = ''] = deriveNextTokens(new Keyring('one'), { ...device, salt });
    expect(deviceIdOf(next)).toBe(device.id);
    expect(next).not.toBe(device.token);
    expect(deriveNextTokens(new Keyring('one'), { ...device, salt })).toEqual([next]);
  });

  it('differs by token, salt and secret', () => {
    const tokens = [
      deriveNextTokens(new Keyring('one'), { ...device, salt }),
      deriveNextTokens(new Keyring('one'), { ...device, salt: device.id }),
      deriveNextTokens(new Keyring('one'), { ...createDeviceToken(), salt }),
      deriveNextTokens(new Keyring('two'), { ...device, salt }),
    ];
    expect(new Set(tokens.flat()).size).toBe(4);
  });

  it('is found under each accepted secret', () => {
    const [one, two, both] = [new Keyring('one'), new Keyring('two'), new Keyring('two', 'one')].map(
      (keyring) => deriveNextTokens(keyring, { ...device, salt }),
    );
    expect(both).toEqual([...(two ?? []), ...(one ?? [])]);
  });
});
