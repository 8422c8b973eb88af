import { Injectable, Logger } from '@nestjs/common';
import { DeliveryError } from '../../common/delivery.js';
import { Config } from '../../config/config.js';
import type { Outcome } from './message.repository.js';
import { LEASE_SECONDS, type LeasedMessage } from '../notifier.js';
import type { Route, Way } from './route.js';
import { Routes } from './provider-selector.js';

/** No attempt outlives its lease, whatever an SDK does. */
const GIVE_UP_SECONDS = LEASE_SECONDS / 2 - 1;
/** The longest wait before a retry, or a fiftieth of what is left: nobody waits at the screen for a notice of a day. */
const MAX_BACKOFF_SECONDS = 30;
/** Before another provider gets it. */
const HAND_OVER_SECONDS = 0.1;
/** How often each provider is asked for a message that one of them refuses: the others may be away the first time. */
const ROUNDS = 2;

/** Takes one message to one provider, and says what became of it. */
@Injectable()
export class Courier {
  private readonly logger = new Logger('Courier');

  constructor(
    private readonly routes: Routes,
    private readonly config: Config,
  ) {}

  /** Never rejects: a failure is an outcome. */
  async attempt(message: LeasedMessage, secondsLeft: number): Promise<Outcome> {
    const { id, channel, lastProvider } = message;
    if (secondsLeft < 1) return { id, state: 'expired' };
    const route = this.routeOf(message, secondsLeft);
    if (route instanceof DeliveryError) return this.retry(message, secondsLeft, route, message.attempts);
    const way = route.after(lastProvider);
    // None is set up for the channel, or none that could show what the message says.
    if (!way) return { id, state: 'failed', failure: 'rejected' };

    const { provider } = way;
    const breaker = this.routes.breakerOf(way, channel);
    try {
      const providerRef = await inTime(way.send());
      breaker.succeeded();
      return { id, state: 'sent', provider, providerRef, ...this.awaited(route, way, secondsLeft) };
    } catch (error) {
      const failure = this.translated(message, error, provider);
      // A refused address is an answer, and so a sign of life.
      if (failure.failure === 'rejected') breaker.succeeded();
      else breaker.failed();
      return { provider, ...this.afterFailure(message, secondsLeft, failure, route, way) };
    }
  }

  private routeOf(message: LeasedMessage, secondsLeft: number): Route | DeliveryError {
    try {
      return this.routes.of(message, secondsLeft);
    } catch (error) {
      return this.translated(message, error);
    }
  }

  private translated({ id, attempts }: LeasedMessage, error: unknown, provider?: string): DeliveryError {
    const known = error instanceof DeliveryError ? error : new DeliveryError('misconfigured');
    this.logger[known.failure === 'misconfigured' ? 'error' : 'warn']({
      msg: 'message not taken',
      messageId: id,
      attempt: attempts,
      ...(provider && { provider }),
      failure: known.message,
      ...(known !== error && { error: error instanceof Error ? error.name : typeof error }),
    });
    return known;
  }

  /** A provider that says nothing more, while there is another, has not delivered. */
  private awaited(route: Route, way: Way, secondsLeft: number): Pick<Outcome, 'awaitReceiptSeconds'> {
    const seconds = this.config.RECEIPT_TIMEOUT_SECONDS;
    const worthIt = seconds > 0 && seconds < secondsLeft - 1 && way.receipts && route.hasMoreAfter(way);
    return worthIt ? { awaitReceiptSeconds: seconds } : {};
  }

  private afterFailure(
    message: LeasedMessage,
    secondsLeft: number,
    error: DeliveryError,
    route: Route,
    way: Way,
  ): Outcome {
    const { id, attempts } = message;
    const rounds = Math.ceil(attempts / route.length);
    const nobodyElse = route.length === 1 || attempts >= ROUNDS * route.length;
    if (error.permanent || (error.failure === 'rejected' && nobodyElse))
      return { id, state: 'failed', failure: error.message };
    return route.hasMoreAfter(way)
      ? this.queued(message, secondsLeft, error, HAND_OVER_SECONDS)
      : this.retry(message, secondsLeft, error, rounds);
  }

  /** Doubling waits with jitter, so that a vendor's recovery does not meet everything at once. */
  private retry(message: LeasedMessage, secondsLeft: number, error: DeliveryError, round: number): Outcome {
    const longest = Math.max(MAX_BACKOFF_SECONDS, secondsLeft / 50);
    const retryIn = Math.min(2 ** (round - 1), longest) * (0.5 + Math.random() / 2);
    return this.queued(message, secondsLeft, error, retryIn);
  }

  /** Never later than in half of what is left: a code that is still good goes out when the vendor is back. */
  private queued(
    { id }: LeasedMessage,
    secondsLeft: number,
    { message: failure }: DeliveryError,
    wait: number,
  ): Outcome {
    return secondsLeft > 2
      ? { id, state: 'queued', retryIn: Math.min(wait, secondsLeft / 2), failure }
      : { id, state: 'expired', failure };
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeliveryError('timeout')), GIVE_UP_SECONDS * 1000);
  });
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}
