import { deviceIdOf, createDeviceToken } from './device-token.js';

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
