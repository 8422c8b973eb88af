/**
 * State of a row in `messages`. `queued` and `sending` are unfinished, and so is `sent` while its
 * row keeps its content to wait for a receipt. A finished row holds no secret. A receipt may still
 * turn `sent` into `delivered` or `failed`; those two are final.
 */
export type MessageState = 'queued' | 'sending' | 'sent' | 'delivered' | 'failed' | 'expired' | 'superseded';

/** One entry of `messages.log`: an attempt, a receipt or an end. */
export interface LogEntry {
  at: string;
  /** `retry` after a failed attempt, `no_receipt` when no receipt came in time. */
  event: 'sent' | 'retry' | 'no_receipt' | 'delivered' | 'failed' | 'expired' | 'superseded';
  provider: string | null;
  reason: string | null;
  /** The vendor's id of the message. */
  ref: string | null;
}

/**
 * Why nothing is sent to a recipient. `refused`: the vendor rejected a message because of its own
 * list. The other reasons come from webhooks.
 */
export type SuppressionReason = 'bounced' | 'complained' | 'unsubscribed' | 'refused';
