import { deviceIdOf, createDeviceToken } from './device-token.js';

describe('a device token', () => {
  it('names its device', () => {
    const { id, token } = createDeviceToken();
    expect(token).toMatch(/^[\w-]{64}$/);
    expect(deviceIdOf(token)).toBe(id);
  });

  it('is another one each time', () => {
    expect(createDeviceToken().token).not.toBe(createDeviceToken().token);
  });

  it.each([
    ['nothing', undefined],
    ['an empty one', ''],
    ['a word', 'device'],
    ['a byte too few', Buffer.alloc(47, 7).toString('base64url')],
    ['a byte too many', Buffer.alloc(49, 7).toString('base64url')],
    ['no uuid', Buffer.alloc(48, 0xfe).toString('base64url')],
    ['a line break at its end', `${createDeviceToken().token}\n`],
    ['plain base64', Buffer.alloc(48, 0xfb).toString('base64')],
    ['an SQL string (I1)', "' or 1=1 --"],
    ['100 kB (I6)', 'a'.repeat(100_000)],
  ])('is none: %s', (_, token) => {
    expect(deviceIdOf(token)).toBeNull();
  });
});
