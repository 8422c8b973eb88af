import type { VendorErrors } from '../common/delivery.js';

/**
 * Error codes: https://postmarkapp.com/developer/api/overview#error-codes
 * Bounce types: https://postmarkapp.com/developer/api/bounce-api#bounce-types
 */
export const POSTMARK_ERRORS: VendorErrors = {
  refusals: {
    300: { kind: 'rejected', reason: 'mailbox_unknown' }, // invalid address
    406: { kind: 'rejected', reason: 'address_unreachable', suppressedByVendor: true }, // inactive recipient

    // Sender, stream or account: an operator must act.
    10: { kind: 'misconfigured', reason: 'provider_problem' }, // wrong token
    400: { kind: 'misconfigured', reason: 'provider_problem' }, // unknown sender
    401: { kind: 'misconfigured', reason: 'provider_problem' }, // unconfirmed sender
    405: { kind: 'misconfigured', reason: 'provider_problem' }, // no credit
    412: { kind: 'misconfigured', reason: 'provider_problem' }, // account pending
    413: { kind: 'misconfigured', reason: 'provider_problem' }, // account may not send
    1235: { kind: 'misconfigured', reason: 'provider_problem' }, // unknown message stream
  },
  receipts: {
    bounced: {
      1: 'mailbox_unknown', // hard bounce
      2: 'mailbox_unavailable', // transient
      256: 'mailbox_unknown', // DNS error
      512: 'blocked', // spam notification
      4096: 'mailbox_unavailable', // soft bounce
      100000: 'mailbox_unknown', // invalid address
      100002: 'address_unreachable', // deactivated by hand
      100003: 'address_unreachable', // unconfirmed subscription
      100006: 'blocked', // blocked by the recipient's server
      100009: 'blocked', // DMARC policy
    },
  },
};
