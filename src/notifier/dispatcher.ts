import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DeliveryError } from '../common/delivery.js';
import { addressOf, isPhone } from '../common/recipient.js';
import { Keyring } from '../common/keyring.js';
import { Mailer } from '../mail/mailer.js';
import { SmsSender } from '../sms/sms-sender.js';
import { MessageRepository, type Outcome } from './message.repository.js';
import {
  LEASE_SECONDS,
  Notifier,
  type Delivery,
  type LeasedMessage,
  type MessageContent,
} from './notifier.js';
import { Templates } from './templates.js';

/** Vendor calls at the same time. */
const CONCURRENCY = 64;
/** Messages that may wait in memory for one of those calls; more are left to the sweep. */
const MAX_WAITING = 5_000;
/** An attempt that starts later than this after its lease could still run when the lease ends. */
const START_WITHIN_SECONDS = LEASE_SECONDS / 2;
/** No attempt outlives its lease, whatever an SDK does. */
const GIVE_UP_SECONDS = LEASE_SECONDS / 2 - 1;
const SWEEP_MS = 1_000;
const FLUSH_MS = 25;
const DRAIN_MS = 9_000;
const MAX_BACKOFF_SECONDS = 30;

interface Waiting {
  message: LeasedMessage;
  /** Monotonic, so that a step of this machine's clock changes no message's life. */
  since: number;
}

/**
 * Sends messages: those of this process at once, and those that any process left behind by a sweep. Delivery is at
 * least once, for no vendor offers idempotency; the lease keeps two processes from one message at the same time.
 */
@Injectable()
export class Dispatcher extends Notifier implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Dispatcher');
  private waiting: Waiting[] = [];
  private readonly active = new Set<Promise<void>>();
  private outcomes: Outcome[] = [];
  private sweepTimer?: NodeJS.Timeout;
  private sweeping: Promise<void> = Promise.resolve();
  private flushTimer?: NodeJS.Timeout;
  private flushing: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly messages: MessageRepository,
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
    if (this.waiting.length >= MAX_WAITING) return;
    this.waiting.push({ message, since: performance.now() });
    this.startNext();
  }

  private startNext(): void {
    while (this.active.size < CONCURRENCY && !this.stopping) {
      const next = this.waiting.shift();
      if (!next) return;
      const age = (performance.now() - next.since) / 1000;
      // The sweep of some process takes it when the lease is over.
      if (age > START_WITHIN_SECONDS) continue;
      const attempt = this.attempt(next.message, next.message.secondsLeft - age).then((outcome) => {
        this.active.delete(attempt);
        this.record(outcome);
        this.startNext();
      });
      this.active.add(attempt);
    }
  }

  private async attempt(message: LeasedMessage, secondsLeft: number): Promise<Outcome> {
    if (secondsLeft < 1) return { id: message.id, state: 'expired' };
    const sender = isPhone(message.recipient) ? this.smsSender : this.mailer;
    const provider = sender.provider;
    try {
      const providerRef = await inTime(this.send(message, secondsLeft));
      return { id: message.id, state: 'sent', provider, providerRef };
    } catch (error) {
      return { provider, ...this.afterFailure(message, secondsLeft, error) };
    }
  }

  private send(message: LeasedMessage, secondsLeft: number): Promise<string> {
    const { id: messageId, recipient, purpose, lane, template, sealed } = message;
    const content = JSON.parse(this.keyring.open(sealed, recipient, purpose, lane)) as MessageContent;
    const to = addressOf(recipient);
    if (isPhone(recipient)) {
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

  private record(outcome: Outcome): void {
    this.outcomes.push(outcome);
    this.flushTimer ??= setTimeout(() => {
      this.flushTimer = undefined;
      this.flushing = this.flushing.then(() => this.flush());
    }, FLUSH_MS);
  }

  private async flush(): Promise<void> {
    const batch = this.outcomes;
    this.outcomes = [];
    if (batch.length === 0) return;
    try {
      await this.messages.finish(batch);
    } catch {
      // The database is away. Kept for the next flush; if this process dies first, the lease ends and they go again.
      this.outcomes.unshift(...batch);
    }
  }

  private scheduleSweep(): void {
    if (this.stopping) return;
    this.sweepTimer = setTimeout(() => {
      this.sweeping = this.sweep().then(() => this.scheduleSweep());
    }, SWEEP_MS);
  }

  private async sweep(): Promise<void> {
    try {
      if (this.outcomes.length > 0) await this.flush();
      for (;;) {
        const free = CONCURRENCY - this.active.size - this.waiting.length;
        if (free <= 0 || this.stopping) return;
        const { messages, seen } = await this.messages.claim(free);
        messages.forEach((message) => this.dispatch(message));
        if (seen < free) return;
      }
    } catch (error) {
      this.logger.warn({ msg: 'sweep failed', error: error instanceof Error ? error.name : typeof error });
    }
  }

  /** Lets running attempts finish, hands the rest back and writes what is known. */
  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.sweepTimer);
    await this.sweeping;
    const handBack = this.waiting.splice(0).map(({ message }) => message.id);
    await Promise.race([Promise.all(this.active), unrefTimer(DRAIN_MS)]);
    clearTimeout(this.flushTimer);
    await this.flushing;
    await this.flush();
    if (handBack.length > 0) await this.messages.handBack(handBack).catch(() => undefined);
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
