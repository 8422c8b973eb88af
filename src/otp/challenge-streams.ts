import { PassThrough, type Readable } from 'node:stream';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { CommonError } from '../http/common.errors.js';
import { ChallengeStatusService, withoutReason } from './challenge-status.service.js';
import type { ChallengeStatus } from './otp.dto.js';
import { OtpError } from './otp.errors.js';

const MAX_PER_NETWORK = 5;
const MAX_PER_CHALLENGE = 5;
const MAX_PER_PROCESS = 1_000;
const POLL_MS = 1_000;
/** Many proxies close a connection that is silent for 30 s. */
const HEARTBEAT_MS = 15_000;
const MAX_STREAM_MS = 10 * 60_000;

interface Stream {
  id: string;
  network: string;
  withReason: boolean;
  out: PassThrough;
  /** The JSON of the last status sent. */
  lastStatus: string;
  /** Both times come from the monotonic clock. */
  openedAt: number;
  lastWriteAt: number;
}

/**
 * The status of challenges as server-sent events. One query a second serves all streams of this
 * process.
 */
@Injectable()
export class ChallengeStreams implements BeforeApplicationShutdown {
  private readonly logger = new Logger('ChallengeStreams');
  private readonly streams = new Set<Stream>();
  private timer?: NodeJS.Timeout;
  private stopping = false;

  constructor(private readonly statuses: ChallengeStatusService) {}

  /**
   * Starts with the current status and ends when the challenge does. Browsers reconnect when a
   * stream ends: returns null if the challenge has ended and `lastEventId` shows that the client
   * knows its final status. Throws `challenge_not_found`, `too_many_streams` or
   * `service_unavailable`. `withReason` includes why a delivery failed.
   */
  async follow(
    id: string,
    network: string,
    { withReason = false, lastEventId }: { withReason?: boolean; lastEventId?: string } = {},
  ): Promise<Readable | null> {
    if (this.stopping) throw CommonError.unavailable();
    const streams = [...this.streams];
    if (
      streams.filter((stream) => stream.network === network).length >= MAX_PER_NETWORK ||
      streams.filter((stream) => stream.id === id).length >= MAX_PER_CHALLENGE
    )
      throw OtpError.tooManyStreams();
    if (streams.length >= MAX_PER_PROCESS) this.makeRoom();
    const stream = this.open(id, network, withReason);
    try {
      const status = await this.statuses.find(id);
      if (status.status !== 'pending' && status.status === lastEventId) {
        stream.out.destroy();
        return null;
      }
      this.update(stream, status);
    } catch (error) {
      stream.out.destroy();
      throw error;
    }
    this.schedulePoll();
    return stream.out;
  }

  /** Runs before the server waits for its connections to close. */
  beforeApplicationShutdown(): void {
    this.stopping = true;
    clearTimeout(this.timer);
    for (const { out } of this.streams) out.end();
  }

  /**
   * Ends the oldest stream of the network with the most streams, so that nobody can take all places.
   * Its browser connects again, or polls the status.
   */
  private makeRoom(): void {
    const counts = new Map<string, number>();
    for (const { network } of this.streams) counts.set(network, (counts.get(network) ?? 0) + 1);
    const most = Math.max(...counts.values());
    // The set has the streams in the order in which they were opened.
    for (const stream of this.streams)
      if (counts.get(stream.network) === most) {
        this.streams.delete(stream);
        stream.out.end();
        return;
      }
  }

  private open(id: string, network: string, withReason: boolean): Stream {
    const now = performance.now();
    const out = new PassThrough();
    const stream: Stream = { id, network, withReason, out, lastStatus: '', openedAt: now, lastWriteAt: now };
    this.streams.add(stream);
    out.once('close', () => this.streams.delete(stream));
    return stream;
  }

  private async poll(): Promise<void> {
    // A stream that opens during the query is not in the result, and must not end because of that.
    const polled = [...this.streams];
    try {
      const ids = [...new Set(polled.map(({ id }) => id))];
      const statuses = ids.length > 0 ? await this.statuses.findAll(ids) : [];
      const statusById = new Map(statuses.map((status) => [status.id, status]));
      for (const stream of polled) this.update(stream, statusById.get(stream.id));
    } catch (error) {
      // While the database is down, streams stay open. They get any change after it is back.
      this.logger.warn({ msg: 'poll failed', error: error instanceof Error ? error.name : typeof error });
      for (const stream of polled) this.keepAlive(stream);
    }
    this.timer = undefined;
    if (this.streams.size > 0) this.schedulePoll();
  }

  /** At most one poll is scheduled or running. */
  private schedulePoll(): void {
    if (!this.stopping) this.timer ??= setTimeout(() => void this.poll(), POLL_MS);
  }

  /** `status` is undefined when a newer code has replaced the challenge. */
  private update(stream: Stream, status: ChallengeStatus | undefined): void {
    if (!status) return void stream.out.end();
    const json = JSON.stringify(stream.withReason ? status : withoutReason(status));
    if (json !== stream.lastStatus) {
      stream.lastStatus = json;
      this.write(stream, `id: ${status.status}\ndata: ${json}\n\n`);
    }
    if (status.status !== 'pending') stream.out.end();
    else this.keepAlive(stream);
  }

  private keepAlive(stream: Stream): void {
    const now = performance.now();
    if (now - stream.openedAt > MAX_STREAM_MS) stream.out.end();
    else if (now - stream.lastWriteAt > HEARTBEAT_MS) this.write(stream, ': still here\n\n');
  }

  private write(stream: Stream, text: string): void {
    stream.lastWriteAt = performance.now();
    if (!stream.out.writableEnded) stream.out.write(text);
  }
}
