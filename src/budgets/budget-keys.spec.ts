import type { Recipient } from '../common/recipient.js';
import { networksOf, prefixOf, recipientKey, sendKeys } from './budget-keys.js';

describe('recipientKey', () => {
  it.each([
    ['email:ada@example.com', 'to:email:ada@example.com'],
    ['email:ada+news@example.com', 'to:email:ada@example.com'],
    ['email:ada+news+more@example.com', 'to:email:ada@example.com'],
    ['email:+ada@example.com', 'to:email:+ada@example.com'],
    ['email:a.d.a@example.com', 'to:email:a.d.a@example.com'],
    ['email:a.d.a+x@gmail.com', 'to:email:ada@gmail.com'],
    ['email:a.da@googlemail.com', 'to:email:ada@gmail.com'],
    ['phone:+14155550123', 'to:phone:+14155550123'],
  ] as [Recipient, string][])('counts %s as %s', (recipient, key) => {
    expect(recipientKey(recipient)).toBe(key);
  });
});

describe('networksOf', () => {
  it.each([
    ['192.0.2.77', '192.0.2.0/24', null],
    ['::ffff:192.0.2.77', '192.0.2.0/24', null],
    ['2001:db8:1:2:3::4', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['2001:db8:1:ffff::', '2001:db8:1:ffff::/64', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8::/64', '2001:db8::/48'],
    ['2001:db8:0:5::1', '2001:db8:0:5::/64', '2001:db8::/48'],
    ['fe80::1', 'fe80::/64', 'fe80::/48'],
    ['localhost', 'unknown', null],
  ])('counts %s in %s and %s', (ip, network, wide) => {
    expect(networksOf(ip)).toEqual([network, wide]);
  });
});

describe('sendKeys', () => {
  it('has a prefix and a country for phone numbers only', () => {
    expect(sendKeys('phone:+14155550123', '192.0.2.1', 'shop')).toEqual({
      recipient: 'to:phone:+14155550123',
      network: 'network:192.0.2.0/24',
      wideNetwork: null,
      prefix: 'prefix:+1415555',
      country: 'country:US',
      application: 'app:shop',
    });
    expect(sendKeys('email:ada@example.com', '2001:db8::1')).toEqual({
      recipient: 'to:email:ada@example.com',
      network: 'network:2001:db8::/64',
      wideNetwork: 'network:2001:db8::/48',
      prefix: null,
      country: null,
      application: null,
    });
  });

  it('has no network if the address is not that of the person', () => {
    expect(sendKeys('phone:+14155550123', null)).toMatchObject({ network: null, wideNetwork: null });
  });
});

it('takes the last four digits off a number', () => {
  expect(prefixOf('phone:+14155550123')).toBe('+1415555');
});
