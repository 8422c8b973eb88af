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
  private readonly listeners: ((message: InboxMessage) => void)[] = [];

  add(message: InboxMessage): void {
    this.messages = [message, ...this.messages].slice(0, MAX_MESSAGES);
    for (const listener of this.listeners) listener(message);
  }

  /** Newest first. With an address, only its messages. */
  list(to?: string): InboxMessage[] {
    return to === undefined ? this.messages : this.messages.filter((message) => message.to === to);
  }

  /** Calls the listener with each new message. */
  onAdd(listener: (message: InboxMessage) => void): void {
    this.listeners.push(listener);
  }
}
