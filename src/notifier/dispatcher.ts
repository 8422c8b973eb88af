import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DeliveryError } from '../common/delivery.js';
import { Keyring } from '../common/keyring.js';
import { addressOf } from '../common/recipient.js';
import { Mailer } from '../mail/mailer.js';
import { SmsSender } from '../sms/sms-sender.js';
import { ChannelQueue } from './channel-queue.js';
import { MessageRepository, type Outcome } from './message.repository.js';
import {
  LEASE_SECONDS,
  Notifier,
  type Channel,
  type Delivery,
  type LeasedMessage,
  type MessageContent,
} from './notifier.js';
import { OutcomeWriter } from './outcome-writer.js';
import { Templates } from './templates.js';

/** No attempt outlives its lease, whatever an SDK does. */
const GIVE_UP_SECONDS = LEASE_SECONDS / 2 - 1;
const SWEEP_MS = 1_000;
/** While a sweep finds as much as it can take: what a dead process left goes out as fast as the vendor takes it. */
const BACKLOG_SWEEP_MS = 25;
/** With the time for connections before it, less than `main.ts` allows a stop. */
const DRAIN_MS = 7_000;
const MAX_BACKOFF_SECONDS = 30;

/**
 * Sends messages: those of this process at once, and those that any process left behind by a sweep. Delivery is at
 * least once, for no vendor offers idempotency; the lease keeps two processes from one message at the same time.
 */
@Injectable()
export class Dispatcher extends Notifier implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Dispatcher');
  private readonly queues: Record<Channel, ChannelQueue> = { email: this.newQueue(), sms: this.newQueue() };
  private sweepTimer?: NodeJS.Timeout;
  private sweeping: Promise<void> = Promise.resolve();
  /** The last sweep took all it could, so there is probably more. */
  private stopping = false;

  constructor(
    private readonly messages: MessageRepository,
    private readonly outcomes: OutcomeWriter,
    private readonly templates: Templates,
    private readonly keyring: Keyring,
    private readonly mailer: Mailer,
    private readonly smsSender: SmsSender,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.scheduleSweep();
  }

  deliveryOf(challengeId: string): Promise<Delivery | null> {
    return this.messages.deliveryOf(challengeId);
  }

  dispatch(message: LeasedMessage): void {
    this.queues[message.channel].add(message);
  }

  private newQueue(): ChannelQueue {
    return new ChannelQueue(async (message, secondsLeft) => {
      this.outcomes.add(await this.attempt(message, secondsLeft));
    });
  }

  private async attempt(message: LeasedMessage, secondsLeft: number): Promise<Outcome> {
    if (secondsLeft < 1) return { id: message.id, state: 'expired' };
    const { provider } = message.channel === 'sms' ? this.smsSender : this.mailer;
    try {
      const providerRef = await inTime(this.send(message, secondsLeft));
      return { id: message.id, state: 'sent', provider, providerRef };
    } catch (error) {
      return { provider, ...this.afterFailure(message, secondsLeft, error) };
    }
  }

  private async send(message: LeasedMessage, secondsLeft: number): Promise<string> {
    const { id: messageId, channel, recipient, purpose, lane, template, sealed } = message;
    const content = JSON.parse(this.keyring.open(sealed, recipient, purpose, lane)) as MessageContent;
    const to = addressOf(recipient);
    if (channel === 'sms') {
      const text = this.templates.sms(template, content, secondsLeft);
      return this.smsSender.send({ messageId, to, text, validSeconds: Math.floor(secondsLeft) });
    }
    return this.mailer.send({ messageId, to, ...this.templates.mail(template, content, secondsLeft) });
  }

  private afterFailure({ id, attempts }: LeasedMessage, secondsLeft: number, error: unknown): Outcome {
    const known = error instanceof DeliveryError ? error : new DeliveryError('misconfigured');
    const failure = known.message;
    this.logger[known.failure === 'misconfigured' ? 'error' : 'warn']({
      msg: 'message not taken',
      messageId: id,
      attempt: attempts,
      failure,
      ...(known !== error && { error: error instanceof Error ? error.name : typeof error }),
    });
    if (known.permanent) return { id, state: 'failed', failure };
    // Doubling waits with jitter, so that a vendor's recovery does not meet everything at once.
    const retryIn = Math.min(2 ** (attempts - 1), MAX_BACKOFF_SECONDS) * (0.5 + Math.random() / 2);
    return retryIn < secondsLeft - 1
      ? { id, state: 'queued', retryIn, failure }
      : { id, state: 'expired', failure };
  }

  private scheduleSweep(afterMs = SWEEP_MS): void {
    if (this.stopping) return;
    this.sweepTimer = setTimeout(() => {
      this.sweeping = this.sweep().then((more) => this.scheduleSweep(more ? BACKLOG_SWEEP_MS : SWEEP_MS));
    }, afterMs);
  }

  /** One round over the channels; says whether there may be more than they could take. */
  private async sweep(): Promise<boolean> {
    try {
      await this.outcomes.flush();
      const channels = Object.keys(this.queues) as Channel[];
      const full = await Promise.all(channels.map((channel) => this.takeDue(channel)));
      return full.includes(true);
    } catch (error) {
      this.logger.warn({ msg: 'sweep failed', error: error instanceof Error ? error.name : typeof error });
      return false;
    }
  }

  private async takeDue(channel: Channel): Promise<boolean> {
    const { free } = this.queues[channel];
    if (free <= 0) return true;
    const { messages, seen } = await this.messages.claim(channel, free);
    messages.forEach((message) => this.dispatch(message));
    return seen === free;
  }

  /** Hands back what waits, lets running attempts finish and writes what is known. */
  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.sweepTimer);
    await this.sweeping;
    const queues = Object.values(this.queues);
    const waiting = queues.flatMap((queue) => queue.stop());
    if (waiting.length > 0) await this.messages.handBack(waiting.map(({ id }) => id)).catch(() => undefined);
    await Promise.race([Promise.all(queues.map((queue) => queue.ended())), unrefTimer(DRAIN_MS)]);
    await this.outcomes.flush();
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeliveryError('timeout')), GIVE_UP_SECONDS * 1000);
  });
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}

function unrefTimer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
