import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import { RegistrationCookie } from './registration-cookie.js';

const { jest } = import.meta;

const ADA = 'email:ada@example.com';

const cookies = ({ secret = 'one', previous = undefined as string | undefined, env = {} } = {}) =>
  new RegistrationCookie(new Keyring(secret, previous), Config.from(env));
/** What a browser sends back. */
const pair = (setCookie: string) => setCookie.split(';')[0] ?? '';

describe('registration cookie', () => {
  afterEach(() => jest.useRealTimers());

  it('returns the address to the server that created it, among other cookies', () => {
    const sent = pair(cookies().create(ADA));
    expect(cookies().read(sent)).toBe(ADA);
    expect(cookies().read(`device_token=x; ${sent}; a=b`)).toBe(ADA);
    expect(cookies({ secret: 'two', previous: 'one' }).read(sent)).toBe(ADA);
  });

  it('is short-lived, hidden from scripts and limited to same-site requests', () => {
    expect(cookies().create(ADA)).toMatch(
      /^registration=[\w-]+; Path=\/; Max-Age=900; HttpOnly; SameSite=Lax$/,
    );
  });

  it('is sent only over https if the public URL is https', () => {
    const env = { PUBLIC_URL: 'https://auth.example.com' };
    expect(cookies({ env }).create(ADA)).toMatch(/; SameSite=Lax; Secure$/);
  });

  it('does not show the address', () => {
    const value = pair(cookies().create(ADA)).replace('registration=', '');
    expect(Buffer.from(value, 'base64url').toString('latin1')).not.toContain('ada');
  });

  it('expires after 15 minutes', () => {
    jest.useFakeTimers({ now: 0 });
    const sent = pair(cookies().create(ADA));
    jest.setSystemTime(899_000);
    expect(cookies().read(sent)).toBe(ADA);
    jest.setSystemTime(900_000);
    expect(cookies().read(sent)).toBeNull();
  });

  const content = JSON.stringify({ recipient: ADA, expiresAt: 2 ** 40 });
  const sealed = (keyring: Keyring, boundTo: string) => keyring.seal(content, boundTo).toString('base64url');

  it.each<[string, string | undefined]>([
    ['no cookie', undefined],
    ['another cookie', 'device_token=abc'],
    ['a longer name', `my_registration=${sealed(new Keyring('one'), 'registration')}`],
    ['an empty value', 'registration='],
    ['text', 'registration=ada'],
    ['plain JSON', `registration=${Buffer.from(content).toString('base64url')}`],
    ['a value sealed under another secret', `registration=${sealed(new Keyring('two'), 'registration')}`],
    ['a value sealed for another use', `registration=${sealed(new Keyring('one'), 'link')}`],
    ['a cut value', pair(cookies().create(ADA)).slice(0, -3)],
    ['a changed value', pair(cookies().create(ADA)).replace(/.{5}$/, 'AAAAA')],
  ])('is rejected: %s', (_, header) => {
    expect(cookies().read(header)).toBeNull();
  });
});
