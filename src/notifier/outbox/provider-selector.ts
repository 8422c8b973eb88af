import { Injectable, Logger } from '@nestjs/common';
import type { PhoneChannel } from '../../common/delivery.js';
import { Keyring } from '../../common/keyring.js';
import { addressOf, countryOf } from '../../common/recipient.js';
import { Config } from '../../config/config.js';
import { Mailers } from '../../mail/mailers.js';
import { Metrics } from '../../metrics/metrics.js';
import { PhoneSenders } from '../../sms/phone-senders.js';
import type { LeasedMessage, MessageContent } from '../notifier.js';
import { Templates } from '../text/templates.js';
import { CircuitBreaker } from './circuit-breaker.js';

/** A provider that can take one message. */
export interface Candidate {
  provider: string;
  reportsDelivery: boolean;
  breaker: CircuitBreaker;
  send: () => Promise<string>;
}

/** Renders a message and finds the providers that can take it. */
@Injectable()
export class ProviderSelector {
  private readonly logger = new Logger('ProviderSelector');
  /** One breaker per sender object: a provider in a channel, or its sender for one country. */
  private readonly breakers = new WeakMap<object, CircuitBreaker>();

  constructor(
    private readonly templates: Templates,
    private readonly keyring: Keyring,
    private readonly mailers: Mailers,
    private readonly phoneSenders: PhoneSenders,
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  /**
   * The providers of a message in the order to try. Empty if none is configured for the channel or
   * none can show the content of the message. Throws if the message cannot be opened or rendered.
   */
  candidates(message: LeasedMessage, secondsLeft: number): Candidate[] {
    const { channel, content = this.openContent(message) } = message;
    return channel === 'email'
      ? this.mailCandidates(message, content, secondsLeft)
      : this.phoneCandidates({ ...message, channel }, content, secondsLeft);
  }

  /**
   * The first candidate after the one tried last, wrapping around, whose circuit allows a request.
   * When every circuit is open there is no better choice, so the next in order is tried; the
   * back-off alone limits the attempts.
   */
  next(candidates: Candidate[], lastProvider: string | null): Candidate | undefined {
    const start = candidates.findIndex(({ provider }) => provider === lastProvider) + 1;
    const inOrder = [...candidates.slice(start), ...candidates.slice(0, start)];
    return inOrder.find(({ breaker }) => breaker.allowsRequest()) ?? inOrder[0];
  }

  /** Whether the current round has another usable candidate after this one. */
  hasNext(candidates: Candidate[], current: Candidate): boolean {
    return candidates.slice(candidates.indexOf(current) + 1).some(({ breaker }) => !breaker.isOpen);
  }

  private openContent({ sealed, recipient, purpose, lane }: LeasedMessage): MessageContent {
    return JSON.parse(this.keyring.open(sealed, recipient, purpose, lane)) as MessageContent;
  }

  private mailCandidates(
    { id: messageId, recipient, template }: LeasedMessage,
    content: MessageContent,
    secondsLeft: number,
  ): Candidate[] {
    const mail = {
      messageId,
      to: addressOf(recipient),
      ...this.templates.mail(template, content, secondsLeft),
      ...this.commonFields(content, secondsLeft),
    };
    return this.mailers.list.map((mailer) => ({
      provider: mailer.provider,
      reportsDelivery: mailer.reportsDelivery,
      breaker: this.breakerOf(mailer, mailer.provider, 'email'),
      send: () => mailer.send(mail),
    }));
  }

  private phoneCandidates(
    { id: messageId, channel, recipient, template }: LeasedMessage & { channel: PhoneChannel },
    content: MessageContent,
    secondsLeft: number,
  ): Candidate[] {
    const { context } = content;
    const message = {
      messageId,
      channel,
      to: addressOf(recipient),
      text: this.templates.sms(template, content, secondsLeft),
      ...(context && { context }),
      ...this.commonFields(content, secondsLeft),
    };
    return this.phoneSenders
      .forCountry(channel, countryOf(recipient))
      .filter((sender) => sender.canSend(message))
      .map((sender) => ({
        provider: sender.provider,
        reportsDelivery: sender.reportsDelivery,
        breaker: this.breakerOf(sender, sender.provider, channel),
        send: () => sender.send(message),
      }));
  }

  private commonFields({ code, locale }: MessageContent, secondsLeft: number) {
    return {
      locale: locale ?? this.config.DEFAULT_LOCALE,
      validSeconds: Math.floor(secondsLeft),
      ...(code !== undefined && { code }),
    };
  }

  private breakerOf(sender: object, provider: string, channel: string): CircuitBreaker {
    let breaker = this.breakers.get(sender);
    if (!breaker) {
      const openCircuits = this.metrics.openCircuits.labels(channel, provider);
      openCircuits.inc(0);
      breaker = new CircuitBreaker((isOpen) => {
        openCircuits.inc(isOpen ? 1 : -1);
        this.logger.warn({ msg: isOpen ? 'circuit opened' : 'circuit closed', provider, channel });
      });
      this.breakers.set(sender, breaker);
    }
    return breaker;
  }
}
