import type { Recipient } from '../common/recipient.js';
import { Config } from './config.js';
import { TestIdentities } from './test-identities.js';
import { isMatch, parseTestIdentity } from './test-identities.js';

const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

describe('test identity', () => {
  it.each<[string, Recipient[], Recipient[]]>([
    [
      'Review@Example.com=123456',
      ['email:review@example.com'],
      ['email:review@example.com.evil.test', 'email:xreview@example.com', 'email:review@example.co'],
    ],
    [
      '*@ci.example.com=123456',
      ['email:a@ci.example.com', 'email:a+b@ci.example.com'],
      ['email:a@example.com', 'email:a@xci.example.com', 'email:a@ci.example.com.evil.test'],
    ],
    [
      '*+test@example.com=123456',
      ['email:a+test@example.com'],
      ['email:atest@example.com', 'email:a+test@b.example.com'],
    ],
    ['+15555550123=123456', ['phone:+15555550123'], ['phone:+155555501234', 'phone:+15555550124']],
    ['+5215512345678=123456', ['phone:+525512345678'], ['phone:+5215512345678']],
    ['+1555555*=123456', ['phone:+15555550123', 'phone:+15555559999'], ['phone:+15555560123']],
  ])('%s matches exactly its addresses', (text, matching, others) => {
    const identity = parseTestIdentity(text);
    for (const recipient of matching)
      expect([recipient, identity && isMatch(identity, recipient)]).toEqual([recipient, true]);
    for (const recipient of others)
      expect([recipient, identity && isMatch(identity, recipient)]).toEqual([recipient, false]);
  });

  it.each([
    '*=123456',
    '*@=123456',
    '*example.com=123456',
    'review*=123456',
    'review@*=123456',
    'review*@example.com=123456',
    '**@example.com=123456',
    'review@example.com',
    'review@example.com=',
    'review@example.com=12345x',
    'review@example.com=123',
    'review@example.com=12345678901',
    'review@example.com=123456@',
    'review@example.com=123456@2026-02-31',
    'review@example.com=123456@2026-13-01',
    'review@example.com=123456@31.12.2026',
    '+*=123456',
    '+1*=123456',
    '+15555*=123456',
    '15555550123=123456',
    '*5550123=123456',
  ])('rejects %s', (text) => {
    expect(parseTestIdentity(text)).toBeNull();
  });

  it('is valid until the end of its last day in UTC', () => {
    expect(parseTestIdentity('a@example.com=123456@2026-12-31')?.until).toEqual(
      new Date('2027-01-01T00:00:00Z'),
    );
    const identities = (end: string) =>
      new TestIdentities(Config.from({ TEST_IDENTITIES: `a@example.com=123456@${end}` }).TEST_IDENTITIES);
    expect(identities(day(0)).codeOf('email:a@example.com')).toBe('123456');
    expect(identities(day(-1)).has('email:a@example.com')).toBe(false);
  });
});
