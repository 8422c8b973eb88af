import { PassThrough, type Readable } from 'node:stream';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { InboxStore } from './inbox-store.js';

/** The server and many proxies close a connection that is silent for 20 s or longer. */
const HEARTBEAT_MS = 15_000;

/** Sends new messages to the open pages of the inbox, as server-sent events. */
@Injectable()
export class InboxStreams implements BeforeApplicationShutdown {
  private readonly streams = new Set<PassThrough>();
  private readonly heartbeat = setInterval(() => this.write(':\n\n'), HEARTBEAT_MS).unref();

  constructor(inbox: InboxStore) {
    inbox.onAdd((message) => this.write(`data: ${JSON.stringify(message)}\n\n`));
  }

  open(): Readable {
    const stream = new PassThrough();
    this.streams.add(stream);
    stream.once('close', () => this.streams.delete(stream));
    // The wait before a browser connects again, in milliseconds.
    stream.write('retry: 1000\n\n');
    return stream;
  }

  /** Runs before the server waits for its connections to close. */
  beforeApplicationShutdown(): void {
    clearInterval(this.heartbeat);
    for (const stream of this.streams) stream.end();
  }

  private write(text: string): void {
    for (const stream of this.streams) stream.write(text);
  }
}
