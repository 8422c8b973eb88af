import { coversHost, HOST_NAME } from './origin.js';

describe('host names', () => {
  it.each(['shop.example.com', 'localhost', 'xn--mnchen-3ya.de', 'a-b.example', '1.example.com'])(
    'accepts %s',
    (host) => expect(host).toMatch(HOST_NAME),
  );

  it.each([
    ...['', 'com', 'Shop.example.com', 'shop.example.com.', '.example.com', '-a.example.com'],
    ...['https://shop.example.com', 'shop.example.com:443', 'shop.example.com/', '*.example.com'],
    ...['127.0.0.1', '[::1]', 'münchen.de', 'shop.example.com #123456', 'shop.example.com\n', 'a b.com'],
    `${'a.'.repeat(126)}com`,
    `${'a'.repeat(64)}.com`,
  ])('refuses %j', (host) => expect(host).not.toMatch(HOST_NAME));
});

describe('the host of an origin', () => {
  it.each([
    ['https://shop.example.com', 'shop.example.com'],
    ['https://shop.example.com', 'example.com'],
    ['http://localhost:5173', 'localhost'],
    ['https://*.example.com', 'example.com'],
    ['https://*.example.com', 'a.b.example.com'],
    ['https://*.shop.example.com', 'example.com'],
  ])('%s covers %s', (origin, host) => expect(coversHost(origin, host)).toBe(true));

  it.each([
    ['https://example.com', 'shop.example.com'],
    ['https://shop.example.com', 'ample.com'],
    ['https://shop.example.com', 'login.example.com'],
    ['https://*.example.com', 'evil-example.com'],
    ['https://shop.example.com:8443', '8443'],
  ])('%s does not cover %s', (origin, host) => expect(coversHost(origin, host)).toBe(false));
});
