import { Injectable, Logger } from '@nestjs/common';
import { DeliveryError } from '../../common/delivery.js';
import { withTimeout } from '../../common/with-timeout.js';
import { Config } from '../../config/config.js';
import { LEASE_SECONDS, type LeasedMessage } from '../notifier.js';
import { isSuppressedByVendor } from './failure-reasons.js';
import type { Outcome } from './message.repository.js';
import { ProviderSelector, type Candidate } from './provider-selector.js';

/** An attempt must end before its lease, even if an SDK hangs. */
const ATTEMPT_TIMEOUT_MS = (LEASE_SECONDS / 2 - 1) * 1000;
/**
 * Longest wait before a retry. A message with a long remaining life waits up to a fiftieth of it.
 */
const MAX_BACKOFF_SECONDS = 30;
/** Wait before the next provider is tried. */
const FAILOVER_SECONDS = 0.1;
/**
 * Attempts per provider for a message that one of them rejects, because another may be down
 * briefly.
 */
const MAX_ROUNDS = 2;

/** Tries to deliver one message through one provider. */
@Injectable()
export class DeliveryAttempts {
  private readonly logger = new Logger('DeliveryAttempts');

  constructor(
    private readonly selector: ProviderSelector,
    private readonly config: Config,
  ) {}

  /** Never rejects, because a failure is an outcome. */
  async run(message: LeasedMessage, secondsLeft: number): Promise<Outcome> {
    const { id, lastProvider } = message;
    if (secondsLeft < 1) return { id, state: 'expired' };

    let candidates: Candidate[];
    try {
      candidates = this.selector.candidates(message, secondsLeft);
    } catch (error) {
      return this.retry(message, secondsLeft, this.toDeliveryError(message, error), message.attempts);
    }
    const candidate = this.selector.next(candidates, lastProvider);
    if (!candidate) return { id, state: 'failed', failure: 'rejected' };

    const { provider, breaker } = candidate;
    try {
      const sending = candidate.send();
      const providerRef = await withTimeout(sending, ATTEMPT_TIMEOUT_MS, () => new DeliveryError('timeout'));
      breaker.recordSuccess();
      const receiptTimeout = this.receiptTimeout(candidates, candidate, secondsLeft);
      return { id, state: 'sent', provider, providerRef, ...receiptTimeout };
    } catch (error) {
      const isFirstRound = candidates.length === 1 || message.attempts <= candidates.length;
      const refusal = this.toDeliveryError(message, error, provider, isFirstRound);
      const failure = this.forOwner(message, provider, refusal);
      // A provider that rejects an address is up.
      if (failure.failure === 'rejected') breaker.recordSuccess();
      else breaker.recordFailure();
      return { provider, ...this.afterFailure(message, secondsLeft, failure, candidates, candidate) };
    }
  }

  private toDeliveryError(
    { id, attempts }: LeasedMessage,
    error: unknown,
    provider?: string,
    isFirstRound = true,
  ): DeliveryError {
    const known = error instanceof DeliveryError ? error : new DeliveryError('misconfigured');
    // A second round repeats the refusal, and one error for each provider is enough.
    const needsOperator = known.failure === 'misconfigured' || (known.unexpected && isFirstRound);
    this.logger[needsOperator ? 'error' : 'warn']({
      msg: 'message not accepted',
      messageId: id,
      attempt: attempts,
      ...(provider && { provider }),
      failure: known.message,
      ...(known !== error && { error: error instanceof Error ? error.name : typeof error }),
    });
    return known;
  }

  /**
   * A vendor's own list may hold the recipient because of a complaint, which only that vendor heard
   * of. So another provider gets a code that a recognised device asked for.
   */
  private forOwner({ fromDevice }: LeasedMessage, provider: string, error: DeliveryError): DeliveryError {
    return fromDevice && isSuppressedByVendor({ provider, failure: error.message })
      ? new DeliveryError('rejected', error.vendorCode, true)
      : error;
  }

  /** Seconds to wait for a receipt before the next provider gets the message, if there is one. */
  private receiptTimeout(
    candidates: Candidate[],
    candidate: Candidate,
    secondsLeft: number,
  ): Pick<Outcome, 'awaitReceiptSeconds'> {
    const seconds = this.config.RECEIPT_TIMEOUT_SECONDS;
    const isUseful = seconds > 0 && seconds < secondsLeft - 1 && candidate.reportsDelivery;
    return isUseful && this.selector.hasNext(candidates, candidate) ? { awaitReceiptSeconds: seconds } : {};
  }

  private afterFailure(
    message: LeasedMessage,
    secondsLeft: number,
    error: DeliveryError,
    candidates: Candidate[],
    candidate: Candidate,
  ): Outcome {
    const { id, attempts } = message;
    const round = Math.ceil(attempts / candidates.length);
    const allTried = candidates.length === 1 || attempts >= MAX_ROUNDS * candidates.length;
    if (error.permanent || (error.failure === 'rejected' && allTried))
      return { id, state: 'failed', failure: error.message };
    return this.selector.hasNext(candidates, candidate)
      ? this.queued(message, secondsLeft, error, FAILOVER_SECONDS)
      : this.retry(message, secondsLeft, error, round);
  }

  /**
   * Exponential back-off with jitter, so that a recovering vendor does not get all messages at
   * once.
   */
  private retry(message: LeasedMessage, secondsLeft: number, error: DeliveryError, round: number): Outcome {
    const maxWait = Math.max(MAX_BACKOFF_SECONDS, secondsLeft / 50);
    const retryIn = Math.min(2 ** (round - 1), maxWait) * (0.5 + Math.random() / 2);
    return this.queued(message, secondsLeft, error, retryIn);
  }

  /** Waits at most half of the remaining life, so that the code is still valid when it is sent. */
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
