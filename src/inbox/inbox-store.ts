import type { Channel } from '../common/delivery.js';

export interface InboxMessage {
  id: string;
  channel: Channel;
  to: string;
  subject?: string;
  text: string;
  html?: string;
  at: Date;
}

const KEPT = 500;

/** What a development server "sent": the newest messages, in the memory of this process only. */
export class InboxStore {
  private messages: InboxMessage[] = [];

  add(message: InboxMessage): void {
    this.messages = [message, ...this.messages].slice(0, KEPT);
  }

  /** Newest first; with an address, only what went there. */
  list(to?: string): InboxMessage[] {
    return to === undefined ? this.messages : this.messages.filter((message) => message.to === to);
  }
}
