import { Prices } from './prices.js';

const prices = new Prices(
  new Map([
    ['US', 7_900],
    ['IN', 30_000],
    ['+91', 25_000],
    ['+9199', 20_000],
    ['voice:US', 30_000],
    ['voice:default', 500_000],
    ['default', 300_000],
  ]),
);

it.each([
  ['phone:+14155550123', 'sms', 7_900],
  ['phone:+14155550123', 'whatsapp', 7_900],
  ['phone:+14155550123', 'voice', 30_000],
  ['phone:+919912345678', 'sms', 20_000],
  ['phone:+918812345678', 'sms', 25_000],
  ['phone:+4915112345678', 'sms', 300_000],
  ['phone:+4915112345678', 'voice', 500_000],
  ['email:ada@example.com', 'email', 0],
] as const)('%s by %s costs %d', (recipient, channel, price) => {
  expect(prices.ofSegment(recipient, channel)).toBe(price);
});

it('costs 0.30 everywhere without a file', () => {
  expect(new Prices(new Map()).ofSegment('phone:+14155550123', 'voice')).toBe(300_000);
});
