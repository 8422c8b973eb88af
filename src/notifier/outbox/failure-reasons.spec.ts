import { describeFailure, REFUSED_BY_LIST } from './failure-reasons.js';

describe('the reason of a failure', () => {
  it.each([
    ['rejected (21614)', 'number_not_mobile'],
    ['undelivered (30006)', 'number_not_mobile'],
    ['undelivered (30003)', 'phone_unreachable'],
    ['rejected (21211)', 'number_invalid'],
    ['rejected (21610)', 'opted_out'],
    ['bounced (1)', 'mailbox_unknown'],
    ['rejected (406)', 'address_unreachable'],
    ['suppressed', 'address_unreachable'],
    ['misconfigured (20003)', 'provider_problem'],
    ['throttled', 'provider_problem'],
    ['timeout', 'provider_problem'],
    ['undelivered (landline)', 'not_delivered'],
    ['undelivered', 'not_delivered'],
    ['rejected (99999)', 'not_delivered'],
    ['', 'not_delivered'],
    ['constructor', 'not_delivered'],
    ['__proto__ (1)', 'not_delivered'],
  ])('%j is %s, in a sentence', (failure, code) => {
    const reason = describeFailure(failure);
    expect(reason.code).toBe(code);
    expect(reason.text).toMatch(/^[A-Z].*\.$/);
    // Vendors and their numbers are nothing to whoever waits for a code.
    expect(reason.text).not.toMatch(/twilio|postmark|\d/i);
  });

  it('is known for every refusal that keeps further messages back', () => {
    for (const failure of REFUSED_BY_LIST) expect(describeFailure(failure).code).not.toBe('not_delivered');
  });
});
