import { PassThrough, type Readable } from 'node:stream';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { CommonError } from '../http/common.errors.js';
import { ChallengeStatusService } from './challenge-status.service.js';
import type { ChallengeStatus } from './otp.dto.js';
import { OtpError } from './otp.errors.js';

const PER_NETWORK = 5;
const PER_PROCESS = 1_000;
const POLL_MS = 1_000;
/** Proxies end what is silent for longer, often after 30 s. */
const HEARTBEAT_MS = 15_000;
/** The longest life of a code. */
const LONGEST_MS = 10 * 60_000;

interface Stream {
  id: string;
  network: string;
  out: PassThrough;
  /** What was last told. */
  told: string;
  /** Monotonic. */
  since: number;
  spokeAt: number;
}

/** What becomes of challenges, as server-sent events. However many are followed, the database is asked once a second. */
@Injectable()
export class ChallengeStreams implements BeforeApplicationShutdown {
  private readonly logger = new Logger('ChallengeStreams');
  private readonly open = new Set<Stream>();
  private timer?: NodeJS.Timeout;
  private stopping = false;

  constructor(private readonly statuses: ChallengeStatusService) {}

  /**
   * Begins with how it is now and ends when the code has. Null where the code has ended and the client has been told, for
   * browsers come back when a stream ends. Throws `challenge_not_found`, `too_many_streams` or `service_unavailable`.
   */
  async follow(id: string, network: string, lastEventId?: string): Promise<Readable | null> {
    const now = performance.now();
    if (this.stopping || this.open.size >= PER_PROCESS) throw CommonError.unavailable();
    if ([...this.open].filter((other) => other.network === network).length >= PER_NETWORK)
      throw OtpError.tooManyStreams();
    const stream: Stream = { id, network, out: new PassThrough(), told: '', since: now, spokeAt: now };
    this.open.add(stream);
    stream.out.once('close', () => this.open.delete(stream));
    try {
      const status = await this.statuses.find(id);
      if (status.status !== 'pending' && status.status === lastEventId) {
        stream.out.destroy();
        return null;
      }
      this.tell(stream, status);
    } catch (error) {
      stream.out.destroy();
      throw error;
    }
    this.schedule();
    return stream.out;
  }

  /** Before the server waits for its connections to end. */
  beforeApplicationShutdown(): void {
    this.stopping = true;
    clearTimeout(this.timer);
    for (const { out } of this.open) out.end();
  }

  /** One at a time, until nobody follows anything. */
  private async poll(): Promise<void> {
    // Who joins during the query is not in its answer, which is no reason to end.
    const followed = [...this.open];
    try {
      const ids = [...new Set(followed.map(({ id }) => id))];
      const statuses = ids.length > 0 ? await this.statuses.findAll(ids) : [];
      const known = new Map(statuses.map((status) => [status.id, status]));
      for (const stream of followed) this.tell(stream, known.get(stream.id));
    } catch (error) {
      // The database is away: who follows hears of changes when it is back.
      this.logger.warn({ msg: 'poll failed', error: error instanceof Error ? error.name : typeof error });
      for (const stream of followed) this.keepAlive(stream);
    }
    this.timer = undefined;
    if (this.open.size > 0) this.schedule();
  }

  private schedule(): void {
    if (!this.stopping) this.timer ??= setTimeout(() => void this.poll(), POLL_MS);
  }

  /** A challenge that is unknown by now was replaced by another code. */
  private tell(stream: Stream, status: ChallengeStatus | undefined): void {
    if (!status) return void stream.out.end();
    const news = JSON.stringify(status);
    if (news !== stream.told) {
      stream.told = news;
      this.write(stream, `id: ${status.status}\ndata: ${news}\n\n`);
    }
    if (status.status !== 'pending') stream.out.end();
    else this.keepAlive(stream);
  }

  private keepAlive(stream: Stream): void {
    const now = performance.now();
    if (now - stream.since > LONGEST_MS) stream.out.end();
    else if (now - stream.spokeAt > HEARTBEAT_MS) this.write(stream, ': still here\n\n');
  }

  private write(stream: Stream, text: string): void {
    stream.spokeAt = performance.now();
    if (!stream.out.writableEnded) stream.out.write(text);
  }
}
