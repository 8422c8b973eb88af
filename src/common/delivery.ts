/** How a message goes; `sms`, `whatsapp` and `voice` reach phone numbers. */
export const CHANNELS = ['email', 'sms', 'whatsapp', 'voice'] as const;
export type Channel = (typeof CHANNELS)[number];
export type PhoneChannel = Exclude<Channel, 'email'>;

/**
 * Why a vendor did not take a message, in our words:
 * - `rejected`: this address can't be reached by it; asking it again is pointless
 * - `misconfigured`: credentials, sender or account; an operator must act, then a retry succeeds
 * - `throttled`: too many requests; the message was not processed
 * - `unavailable`: an error or an unreadable answer on the vendor's side; it may have been processed
 * - `timeout`: no answer in time; it may have been processed
 */
export type DeliveryFailure = 'rejected' | 'misconfigured' | 'throttled' | 'unavailable' | 'timeout';

/** What an adapter throws. Made of our words only, so it may be logged. */
export class DeliveryError extends Error {
  constructor(
    readonly failure: DeliveryFailure,
    /** The vendor's numeric code, where it gave one. */
    readonly vendorCode?: number,
    /** Of a rejection: it is about this provider (its regions, its limits), so another one may take the message. */
    readonly retryElsewhere = false,
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
