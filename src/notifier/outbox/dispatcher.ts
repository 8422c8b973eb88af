import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../../common/random.js';
import { Keyring } from '../../common/keyring.js';
import { Metrics } from '../../metrics/metrics.js';
import { isPhone } from '../../common/recipient.js';
import { TestIdentities } from '../../config/test-identities.js';
import { DeliveryQueue } from './delivery-queue.js';
import { DeliveryAttempts } from './delivery-attempts.js';
import { MessageRepository } from './message.repository.js';
import { Notifier, type Channel, type LeasedMessage, type Notice } from '../notifier.js';
import { OutcomeWriter } from './outcome-writer.js';
import { Templates } from '../text/templates.js';

const SWEEP_MS = 1_000;
/** The pause after a full sweep, so that a backlog goes out as fast as the vendor accepts it. */
const BACKLOG_SWEEP_MS = 25;
/** Together with the time to close connections, less than `main.ts` allows for a shutdown. */
const DRAIN_MS = 7_000;
/** Stand for the purpose and lane of a code in the seal of a notice. */
const NOTICE = { purpose: 'notice', lane: '' };
const NOTICE_LIFE_SECONDS = 86_400;

/**
 * Sends messages: new ones of this process at once, and due ones of any process by a sweep.
 * Delivery is at least once, because vendors offer no idempotency. The lease keeps two processes
 * from sending one message at the same time.
 */
@Injectable()
export class Dispatcher extends Notifier implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Dispatcher');
  private readonly queues: Record<Channel, DeliveryQueue> = {
    email: this.newQueue(),
    sms: this.newQueue(),
    whatsapp: this.newQueue(),
    voice: this.newQueue(),
  };
  private sweepTimer?: NodeJS.Timeout;
  private sweeping: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly messages: MessageRepository,
    private readonly outcomes: OutcomeWriter,
    private readonly attempts: DeliveryAttempts,
    private readonly templates: Templates,
    private readonly keyring: Keyring,
    private readonly testIdentities: TestIdentities,
    private readonly metrics: Metrics,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.scheduleSweep();
  }

  dispatch(message: LeasedMessage): void {
    this.queues[message.channel].add(message);
  }

  async notify(
    { recipient, template, content, client, lifeSeconds = NOTICE_LIFE_SECONDS }: Notice,
    manager?: EntityManager,
  ): Promise<void> {
    if (this.testIdentities.has(recipient)) return;
    const channel: Channel = isPhone(recipient) ? 'sms' : 'email';
    // A mistake of the caller. Without this check it would show only as a missing notice.
    if (!this.templates.has(template, channel)) throw new Error(`no ${channel} template ${template}`);
    const sealed = this.keyring.seal(JSON.stringify(content), recipient, NOTICE.purpose, NOTICE.lane);
    const applicationId = client?.application?.id ?? null;
    const message = { recipient, ...NOTICE, channel, template, sealed, lifeSeconds, applicationId };
    await this.messages.queue({ id: newId(), ...message }, manager);
  }

  private newQueue(): DeliveryQueue {
    return new DeliveryQueue(async (message, secondsLeft) => {
      const outcome = await this.attempts.run(message, secondsLeft);
      const { state, provider, failure } = outcome;
      const event = state === 'queued' ? 'retry' : state;
      this.metrics.countMessageEvent({ channel: message.channel, event, provider, reason: failure });
      this.outcomes.add(outcome);
    });
  }

  private scheduleSweep(afterMs = SWEEP_MS): void {
    if (this.stopping) return;
    this.sweepTimer = setTimeout(() => {
      this.sweeping = this.sweep().then((more) => this.scheduleSweep(more ? BACKLOG_SWEEP_MS : SWEEP_MS));
    }, afterMs);
  }

  /** One round over the channels. Resolves to whether more messages may be due. */
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
    const { free, freeForNotices } = this.queues[channel];
    if (free <= 0) return true;
    const { messages, events, examined } = await this.messages.claim(channel, free, freeForNotices);
    events.forEach((event) => this.metrics.countMessageEvent(event));
    messages.forEach((message) => this.dispatch(message));
    return examined > 0 && examined >= freeForNotices;
  }

  /** Hands back waiting messages, lets running attempts finish and writes their outcomes. */
  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.sweepTimer);
    await this.sweeping;
    const queues = Object.values(this.queues);
    const waiting = queues.flatMap((queue) => queue.stop());
    if (waiting.length > 0) await this.messages.handBack(waiting.map(({ id }) => id)).catch(() => undefined);
    await Promise.race([Promise.all(queues.map((queue) => queue.drain())), unrefTimer(DRAIN_MS)]);
    await this.outcomes.flush();
  }
}

function unrefTimer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
