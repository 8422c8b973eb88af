import type { EntityManager } from 'typeorm';
import type { Channel } from '../common/delivery.js';
import type { Recipient } from '../common/recipient.js';
import type { MessageContent } from './text/message-content.js';

export type { Channel } from '../common/delivery.js';
export type { MessageContent } from './text/message-content.js';

/** A message whose row in `messages` exists and is leased to this process. */
export interface LeasedMessage {
  id: string;
  recipient: Recipient;
  purpose: string;
  lane: string;
  channel: Channel;
  template: string;
  /** `MessageContent` as JSON, sealed by the `Keyring` to recipient, purpose and lane. */
  sealed: Buffer;
  /** The same, where this process has just made it and need not open it. */
  content?: MessageContent;
  /** What is left of the message's life, by the database's clock at the time of the lease. */
  secondsLeft: number;
  /** Which call of a vendor this is, from 1. */
  attempts: number;
  /** Who was tried last, for another to be tried next; null before the first. */
  lastProvider: string | null;
}

/** Tells somebody what happened to an account; there is no code to check in it. */
export interface Notice {
  recipient: Recipient;
  template: string;
  content: MessageContent;
  /** After this it is news to nobody and is not sent. Default: a day. */
  lifeSeconds?: number;
}

/** How long the process that wrote or took a message has to send it, before any process may take it. */
export const LEASE_SECONDS = 20;

/**
 * SQL that says whether nothing may be sent to a recipient, by one look at a primary key. What a vendor refused by a list
 * of its own is asked of it again a day later, for it need not tell us when somebody leaves that list.
 */
export const isSuppressed = (
  recipient: string,
) => `exists (select from suppressions s where s.recipient = ${recipient}
  and (s.reason <> 'refused' or s.created_at > now() - interval '1 day'))`;

/** Sends what the outbox holds. */
export abstract class Notifier {
  /** Sends a message that this process has just written, without waiting for it. */
  abstract dispatch(message: LeasedMessage): void;

  /**
   * Queues a notice, on the manager's transaction where there is one, so that a change and its notice are one
   * commit. A sweep sends it within about a second; codes go first.
   */
  abstract notify(notice: Notice, manager?: EntityManager): Promise<void>;
}
