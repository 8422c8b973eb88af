import {
  CHANNEL_UNDELIVERABLE,
  describeFailure,
  isSuppressedByVendor,
  KNOWN_FAILURES,
  SUPPRESSED_BY_VENDOR,
} from './failure-reasons.js';

describe('describeFailure', () => {
  it.each([
    ['rejected (21614)', 'number_not_mobile'],
    ['undelivered (30006)', 'number_not_mobile'],
    ['undelivered (30003)', 'phone_unreachable'],
    ['rejected (21211)', 'number_invalid'],
    ['rejected (21610)', 'opted_out'],
    ['bounced (1)', 'mailbox_unknown'],
    ['rejected (406)', 'address_unreachable'],
    ['rejected (550)', 'mailbox_unknown'],
    ['rejected (5.7)', 'blocked'],
    ['suppressed', 'address_unreachable'],
    ['misconfigured (20003)', 'provider_problem'],
    ['throttled', 'provider_problem'],
    ['timeout', 'provider_problem'],
    ['undelivered (landline)', 'not_delivered'],
    ['undelivered', 'not_delivered'],
    ['undelivered (30024)', 'provider_problem'],
    ['undelivered (30032)', 'provider_problem'],
    ['undelivered (30034)', 'provider_problem'],
    ['rejected (30034)', 'provider_problem'],
    ['rejected (21635)', 'number_not_mobile'],
    ['rejected (63038)', 'provider_problem'],
    ['misconfigured (90010)', 'provider_problem'],
    ['rejected (99999)', 'not_delivered'],
    ['', 'not_delivered'],
    ['constructor', 'not_delivered'],
    ['__proto__ (1)', 'not_delivered'],
  ])('explains %j as %s, in a sentence', (failure, code) => {
    const reason = describeFailure(failure);
    expect(reason.code).toBe(code);
    expect(reason.text).toMatch(/^[A-Z].*\.$/);
    // A person who waits for a code must not see vendor names or numbers.
    expect(reason.text).not.toMatch(/twilio|postmark|\d/i);
  });

  it('gives every failure one meaning, although several vendors have numbers', () => {
    const failures = KNOWN_FAILURES.map(([failure]) => failure);
    expect([...new Set(failures)]).toEqual(failures);
  });

  it('takes an HTTP status of a webhook receiver for no entry of a suppression list', () => {
    const failure = 'rejected (406)';
    expect(isSuppressedByVendor({ provider: 'postmark', failure })).toBe(true);
    expect(isSuppressedByVendor({ provider: 'webhook', failure })).toBe(false);
    expect(isSuppressedByVendor({ provider: 'postmark', failure: 'rejected (300)' })).toBe(false);
    expect(isSuppressedByVendor({})).toBe(false);
  });

  it('knows the reason of every refusal that suppresses a recipient', () => {
    for (const failure of SUPPRESSED_BY_VENDOR)
      expect(describeFailure(failure).code).not.toBe('not_delivered');
  });

  it('knows the failures after which another channel may reach the number', () => {
    expect(CHANNEL_UNDELIVERABLE.toSorted()).toEqual([
      'rejected (21614)',
      'rejected (21635)',
      'rejected (60205)',
      'rejected (63003)',
      'rejected (63024)',
      'undelivered (30006)',
      'undelivered (63003)',
      'undelivered (63024)',
    ]);
  });
});
