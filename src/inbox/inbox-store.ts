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

const MAX_MESSAGES = 500;

/** The newest messages that a development server "sent". Only in the memory of this process. */
export class InboxStore {
  private messages: InboxMessage[] = [];

  add(message: InboxMessage): void {
    this.messages = [message, ...this.messages].slice(0, MAX_MESSAGES);
  }

  /** Newest first. With an address, only its messages. */
  list(to?: string): InboxMessage[] {
    return to === undefined ? this.messages : this.messages.filter((message) => message.to === to);
  }
}
