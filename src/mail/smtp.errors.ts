import type { VendorErrors } from '../common/delivery.js';

/**
 * Replies of a mail server (RFC 5321). Other permanent replies to a recipient are `rejected_here`.
 */
export const SMTP_ERRORS: VendorErrors = {
  refusals: {
    550: { kind: 'rejected', reason: 'mailbox_unknown' }, // no such mailbox
    551: { kind: 'rejected', reason: 'mailbox_unknown' }, // not a local user
    552: { kind: 'rejected_here', reason: 'mailbox_unavailable' }, // mailbox full
    553: { kind: 'rejected', reason: 'mailbox_unknown' }, // invalid mailbox name
    554: { kind: 'rejected_here', reason: 'blocked' }, // transaction failed
  },
  receipts: {},
};
