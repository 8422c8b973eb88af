/** How a message is delivered. `sms`, `whatsapp` and `voice` reach phone numbers. */
export const PHONE_CHANNELS = ['sms', 'whatsapp', 'voice'] as const;
export type PhoneChannel = (typeof PHONE_CHANNELS)[number];
export const CHANNELS = ['email', ...PHONE_CHANNELS] as const;
export type Channel = (typeof CHANNELS)[number];

/**
 * Why a vendor did not accept a message:
 * - `rejected`: the vendor cannot reach this address; asking it again is pointless
 * - `misconfigured`: wrong credentials, sender or account; a retry succeeds after an operator acts
 * - `throttled`: too many requests; the message was not processed
 * - `unavailable`: an error or an unreadable answer; the message may have been processed
 * - `timeout`: no answer in time; the message may have been processed
 */
export type DeliveryFailure = 'rejected' | 'misconfigured' | 'throttled' | 'unavailable' | 'timeout';

/** Thrown by adapters. Contains no text from the vendor, so it is safe to log. */
export class DeliveryError extends Error {
  constructor(
    readonly failure: DeliveryFailure,
    /** The vendor's numeric code, if it sent one. */
    readonly vendorCode?: number,
    /**
     * For `rejected`: the cause is this provider (its regions, its limits), so another provider may
     * deliver the message.
     */
    readonly retryElsewhere = false,
    /** For `rejected`: a refusal that should not occur, so an operator must look at it. */
    readonly unexpected = false,
  ) {
    super(vendorCode === undefined ? failure : `${failure} (${vendorCode})`);
    this.name = 'DeliveryError';
  }

  get permanent(): boolean {
    return this.failure === 'rejected' && !this.retryElsewhere;
  }
}

/** How long an adapter waits for its vendor. The lease of a message is longer. */
export const VENDOR_TIMEOUT_SECONDS = 8;

/** Sentences for the person who waits for a message, by the code that programs read. */
export const REASON_TEXTS = {
  number_invalid: 'The number does not exist.',
  number_not_mobile: 'The number cannot receive SMS.',
  phone_unreachable: 'The phone is switched off or out of reach.',
  country_not_served: 'We do not send to this country.',
  blocked: 'The phone company or mail service of the recipient blocked it.',
  opted_out: 'The number has opted out of our messages. Text START to undo that.',
  not_on_whatsapp: 'The number is not on WhatsApp.',
  mailbox_unknown: 'The mailbox does not exist.',
  mailbox_unavailable: 'The mailbox does not take messages now.',
  // Vague on purpose: the requester may be a stranger, who must not learn the address's history.
  address_unreachable: 'Messages to this address cannot be delivered.',
  call_not_answered: 'The call was not answered.',
  provider_problem: 'Our provider could not send it. Please try again later.',
  not_delivered: 'The message could not be delivered.',
} as const;
export type ReasonCode = keyof typeof REASON_TEXTS;

/** The meaning of a vendor's error number in the answer to a request. */
export interface Refusal {
  /**
   * - `rejected`: the recipient or the text; every provider would refuse it
   * - `rejected_here`: only this provider refuses, so another one may deliver the message
   * - `unexpected`: like `rejected_here`, and an operator should look at it
   * - `misconfigured`: the provider refuses every message until an operator acts
   */
  kind: 'rejected' | 'rejected_here' | 'unexpected' | 'misconfigured';
  /** The reason that a person is shown. */
  reason: ReasonCode;
  /** The recipient is on the vendor's own suppression list. */
  suppressedByVendor?: true;
}

/**
 * The error for a refusal. An unknown one is `unexpected`: it concerns this message, because a vendor
 * that is down gives another answer. Taking it for an outage would retry the message until it expires
 * and move other people's messages to the next provider.
 */
export function refusalError(refusal: Refusal | undefined, vendorCode: number): DeliveryError {
  const kind = refusal?.kind ?? 'unexpected';
  if (kind === 'misconfigured') return new DeliveryError('misconfigured', vendorCode);
  return new DeliveryError('rejected', vendorCode, kind !== 'rejected', kind === 'unexpected');
}

/** Whether an HTTP status refuses the request itself, rather than its credentials, rate or time. */
export function isRefusal(status: unknown): status is number {
  return (
    typeof status === 'number' && status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status)
  );
}

/** The meaning of a vendor's numbers. Each vendor's table stands beside its adapter. */
export interface VendorErrors {
  /** Numbers in the answer to a request. */
  refusals: Record<number, Refusal>;
  /** Numbers in later receipts, by the word before the number in a message's `failure`. */
  receipts: Partial<Record<'undelivered' | 'bounced', Record<number, ReasonCode>>>;
}
