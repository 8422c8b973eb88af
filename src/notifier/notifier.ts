import type { Recipient } from '../common/recipient.js';
import type { MessageState } from './message.entity.js';

export type Channel = 'email' | 'sms';

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
  /** What is left of the message's life, by the database's clock at the time of the lease. */
  secondsLeft: number;
  /** Which call of a vendor this is, from 1. */
  attempts: number;
}

/** What a template shows. */
export interface MessageContent {
  code: string;
  /** What the code approves, in the order to show it. */
  context?: Record<string, string>;
}

/** How far the newest message of a challenge has come. */
export interface Delivery {
  recipient: Recipient;
  purpose: string;
  lane: string;
  state: MessageState;
  failure: string | null;
}

/** How long the process that wrote or took a message has to send it, before any process may take it. */
export const LEASE_SECONDS = 20;

/** Sends what the outbox holds. */
export abstract class Notifier {
  /** Sends a message that this process has just written, without waiting for it. */
  abstract dispatch(message: LeasedMessage): void;

  abstract deliveryOf(challengeId: string): Promise<Delivery | null>;
}
