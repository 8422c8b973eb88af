import { Injectable, Logger } from '@nestjs/common';
import type { PhoneChannel } from '../../common/delivery.js';
import { Keyring } from '../../common/keyring.js';
import { Metrics } from '../../metrics/metrics.js';
import { addressOf, countryOf } from '../../common/recipient.js';
import { Config } from '../../config/config.js';
import { Mailers } from '../../mail/mailers.js';
import { PhoneSenders } from '../../sms/phone-senders.js';
import { Breaker } from './breaker.js';
import type { LeasedMessage, MessageContent } from '../notifier.js';
import { Route, type Way } from './route.js';
import { Templates } from '../text/templates.js';

/** Opens a message, writes its text, and finds who could take it. */
@Injectable()
export class Routes {
  private readonly logger = new Logger('Routes');
  private readonly breakers = new WeakMap<object, Breaker>();

  constructor(
    private readonly templates: Templates,
    private readonly keyring: Keyring,
    private readonly mailers: Mailers,
    private readonly phoneSenders: PhoneSenders,
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  /** Throws where the message cannot be opened or has no text. */
  of(message: LeasedMessage, secondsLeft: number): Route {
    const { channel, content = this.opened(message) } = message;
    const ways =
      channel === 'email'
        ? this.mailWays(message, content, secondsLeft)
        : this.phoneWays({ ...message, channel }, content, secondsLeft);
    return new Route(ways, (way) => this.breakerOf(way, channel));
  }

  private opened({ sealed, recipient, purpose, lane }: LeasedMessage): MessageContent {
    return JSON.parse(this.keyring.open(sealed, recipient, purpose, lane)) as MessageContent;
  }

  breakerOf({ carrier, provider }: Way, channel: string): Breaker {
    let breaker = this.breakers.get(carrier);
    if (!breaker) {
      const senders = this.metrics.passedOver.labels(channel, provider);
      senders.inc(0);
      breaker = new Breaker((isOpen) => {
        senders.inc(isOpen ? 1 : -1);
        this.logger.warn({ msg: isOpen ? 'provider is passed over' : 'provider is back', provider, channel });
      });
      this.breakers.set(carrier, breaker);
    }
    return breaker;
  }

  private mailWays(
    { id: messageId, recipient, template }: LeasedMessage,
    content: MessageContent,
    secondsLeft: number,
  ): Way[] {
    const mail = {
      messageId,
      to: addressOf(recipient),
      ...this.templates.mail(template, content, secondsLeft),
      ...this.shared(content, secondsLeft),
    };
    return this.mailers.list.map((carrier) => ({
      provider: carrier.provider,
      receipts: carrier.receipts,
      carrier,
      send: () => carrier.send(mail),
    }));
  }

  private phoneWays(
    { id: messageId, channel, recipient, template }: LeasedMessage & { channel: PhoneChannel },
    content: MessageContent,
    secondsLeft: number,
  ): Way[] {
    const { context } = content;
    const message = {
      messageId,
      channel,
      to: addressOf(recipient),
      text: this.templates.sms(template, content, secondsLeft),
      ...(context && { context }),
      ...this.shared(content, secondsLeft),
    };
    return this.phoneSenders
      .route(channel, countryOf(recipient))
      .filter((carrier) => carrier.takes(message))
      .map((carrier) => ({
        provider: carrier.provider,
        receipts: carrier.receipts,
        carrier,
        send: () => carrier.send(message),
      }));
  }

  private shared({ code, locale }: MessageContent, secondsLeft: number) {
    return {
      locale: locale ?? this.config.DEFAULT_LOCALE,
      validSeconds: Math.floor(secondsLeft),
      ...(code !== undefined && { code }),
    };
  }
}
