import { REASON_TEXTS, type ReasonCode } from '../../common/delivery.js';
import { POSTMARK_ERRORS } from '../../mail/postmark.errors.js';
import { SMTP_ERRORS } from '../../mail/smtp.errors.js';
import { TWILIO_ERRORS } from '../../sms/twilio.errors.js';

/** Why a message was not delivered: a code for programs and a sentence for people. */
export interface FailureReason {
  code: ReasonCode;
  text: string;
}

const VENDORS = [TWILIO_ERRORS, POSTMARK_ERRORS, SMTP_ERRORS];

/** `failure` texts that do not come from a vendor's table. */
const GENERIC: [failure: string, reason: ReasonCode][] = [
  ['suppressed', 'address_unreachable'],
  ['complained', 'address_unreachable'],
  // An operator's own sender reports calls in these words.
  ['undelivered (busy)', 'call_not_answered'],
  ['undelivered (no-answer)', 'call_not_answered'],
];

/** Reasons by the first word, if the whole text is unknown. */
const BY_FIRST_WORD = new Map<string, ReasonCode>([
  ['misconfigured', 'provider_problem'],
  ['throttled', 'provider_problem'],
  ['unavailable', 'provider_problem'],
  ['timeout', 'provider_problem'],
]);

const refusals = VENDORS.flatMap((vendor) =>
  Object.entries(vendor.refusals).map(([code, { kind, reason, suppressedByVendor }]) => ({
    failure: `${kind === 'misconfigured' ? kind : 'rejected'} (${code})`,
    reason,
    suppressedByVendor,
  })),
);

const receipts = VENDORS.flatMap((vendor) =>
  Object.entries(vendor.receipts).flatMap(([word, reasons]) =>
    Object.entries(reasons).map(([code, reason]) => ({ failure: `${word} (${code})`, reason })),
  ),
);

/**
 * All `failure` texts with a known reason. Each occurs once, because it does not name its vendor.
 */
export const KNOWN_FAILURES: [failure: string, reason: ReasonCode][] = [
  ...GENERIC,
  ...[...refusals, ...receipts].map(({ failure, reason }): [string, ReasonCode] => [failure, reason]),
];
const BY_FAILURE = new Map(KNOWN_FAILURES);

/** `failure` texts of refusals because the recipient is on the vendor's own suppression list. */
export const SUPPRESSED_BY_VENDOR = refusals
  .filter(({ suppressedByVendor }) => suppressedByVendor)
  .map(({ failure }) => failure);

/** `failure` texts that mean: this channel does not reach the number, but another one may. */
export const CHANNEL_UNDELIVERABLE = KNOWN_FAILURES.filter(
  ([, reason]) => reason === 'number_not_mobile' || reason === 'not_on_whatsapp',
).map(([failure]) => failure);

/**
 * Whether the outcome of an attempt says that the vendor's own list holds the recipient. The
 * `webhook` provider has no list: its numbers are HTTP statuses, which can equal a vendor's number.
 */
export function isSuppressedByVendor({
  provider,
  failure,
}: {
  provider?: string;
  failure?: string;
}): boolean {
  return failure !== undefined && provider !== 'webhook' && SUPPRESSED_BY_VENDOR.includes(failure);
}

/** Explains a message's `failure`, such as `rejected (21614)`, `bounced (1)` or `timeout`. */
export function describeFailure(failure: string): FailureReason {
  const firstWord = failure.split(' ')[0] ?? '';
  const code = BY_FAILURE.get(failure) ?? BY_FIRST_WORD.get(firstWord) ?? 'not_delivered';
  return { code, text: REASON_TEXTS[code] };
}
