import type { EntityManager } from 'typeorm';
import type { Channel } from '../common/delivery.js';
import type { Recipient } from '../common/recipient.js';
import type { Client } from '../http/client.js';
import type { MessageContent } from './text/message-content.js';

export type { Channel } from '../common/delivery.js';
export type { MessageContent } from './text/message-content.js';

/** A row of `messages` that is leased to this process. */
export interface LeasedMessage {
  id: string;
  recipient: Recipient;
  purpose: string;
  lane: string;
  channel: Channel;
  template: string;
  /** `MessageContent` as JSON, sealed by the `Keyring` to recipient, purpose and lane. */
  sealed: Buffer;
  /** The content in clear, if this process has just created the message. */
  content?: MessageContent;
  /** The remaining life of the message at the time of the lease, by the clock of the database. */
  secondsLeft: number;
  /** The number of this attempt, from 1. */
  attempts: number;
  /** The provider of the previous attempt; null before the first. */
  lastProvider: string | null;
  /** A recognised device of the recipient's account asked for it. */
  fromDevice?: boolean;
}

/** A message about an event of an account. It contains no code. */
export interface Notice {
  recipient: Recipient;
  template: string;
  content: MessageContent;
  /** Whose request causes the notice, for the record; null: the command line. */
  client: Pick<Client, 'application'> | null;
  /** After this time, the notice is not sent any more. Default: a day. */
  lifeSeconds?: number;
}

/** How long a process has to send a leased message before any process may take it. */
export const LEASE_SECONDS = 20;

/**
 * SQL for whether a recipient is suppressed; a lookup by primary key. `refused` ends after a day,
 * because a vendor may not report that a recipient left its list. For a code that a recognised
 * device asked for (`fromDevice`), only a bounce counts: strangers can cause a complaint, by
 * requesting mails that the owner does not want.
 */
export const isSuppressed = (
  recipient: string,
  fromDevice = 'false',
) => `exists (select from suppressions where suppressions.recipient = ${recipient}
  and (suppressions.reason = 'bounced' or not ${fromDevice})
  and (suppressions.reason <> 'refused' or suppressions.created_at > now() - interval '1 day'))`;

/** Sends the messages of the outbox. */
export abstract class Notifier {
  /** Starts to send a message that this process has just written, and returns at once. */
  abstract dispatch(message: LeasedMessage): void;

  /**
   * Queues a notice, in the manager's transaction if given, so that a change and its notice are one
   * commit. A sweep sends it within about a second. Codes have priority.
   */
  abstract notify(notice: Notice, manager?: EntityManager): Promise<void>;
}
