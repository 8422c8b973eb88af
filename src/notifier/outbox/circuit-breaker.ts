/** Consecutive failures that open the circuit. */
const FAILURE_THRESHOLD = 5;
const FIRST_PAUSE_MS = 10_000;
const MAX_PAUSE_MS = 60_000;

/**
 * Tracks the recent failures of one provider in one process. While the circuit is open, only one
 * trial request is allowed after each pause, so that messages do not wait for a provider that is
 * down while another one works.
 */
export class CircuitBreaker {
  private failures = 0;
  private pauseMs = FIRST_PAUSE_MS;
  private nextTrialAt = 0;

  /** `onChange` is called once when the circuit opens and once when it closes. */
  constructor(
    private readonly onChange: (isOpen: boolean) => void,
    private readonly now = () => performance.now(),
  ) {}

  get isOpen(): boolean {
    return this.failures >= FAILURE_THRESHOLD;
  }

  /**
   * Whether a request may start. If the circuit is open, it is a trial, and the next pause doubles.
   */
  allowsRequest(): boolean {
    if (!this.isOpen) return true;
    if (this.now() < this.nextTrialAt) return false;
    this.pauseMs = Math.min(this.pauseMs * 2, MAX_PAUSE_MS);
    this.nextTrialAt = this.now() + this.pauseMs;
    return true;
  }

  recordSuccess(): void {
    const wasOpen = this.isOpen;
    this.failures = 0;
    this.pauseMs = FIRST_PAUSE_MS;
    if (wasOpen) this.onChange(false);
  }

  recordFailure(): void {
    this.failures++;
    // Requests that were running when the circuit opened must not restart the pause.
    if (this.failures !== FAILURE_THRESHOLD) return;
    this.nextTrialAt = this.now() + this.pauseMs;
    this.onChange(true);
  }
}
