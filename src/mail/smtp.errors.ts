import type { VendorErrors } from '../common/delivery.js';

/** Replies of a mail server to a recipient or a text (RFC 5321). */
export const SMTP_ERRORS: VendorErrors = {
  refusals: {
    // The enhanced status (RFC 3463) instead of the reply, whose meaning it narrows: a policy of the
    // server, which concerns us and not the mailbox.
    5.7: { kind: 'rejected_here', reason: 'blocked' },
    550: { kind: 'rejected', reason: 'mailbox_unknown' }, // no such mailbox
    551: { kind: 'rejected', reason: 'mailbox_unknown' }, // not a local user
    552: { kind: 'rejected_here', reason: 'mailbox_unavailable' }, // mailbox full
    553: { kind: 'rejected', reason: 'mailbox_unknown' }, // invalid mailbox name
    554: { kind: 'rejected_here', reason: 'blocked' }, // transaction failed
  },
  receipts: {},
};
