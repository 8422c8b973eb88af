/** Failures in a row that open it. */
const FAILURES = 5;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * What one process has lately seen of one provider. Open, it lets nothing through but one trial after each pause, so that
 * messages do not wait for a provider that is down while another is there.
 */
export class CircuitBreaker {
  private failures = 0;
  private pauseMs = FIRST_PAUSE_MS;
  private nextTrialAt = 0;

  /** `changed` is told of opening and closing, once each. */
  constructor(
    private readonly changed: (isOpen: boolean) => void,
    private readonly now = () => performance.now(),
  ) {}

  get isOpen(): boolean {
    return this.failures >= FAILURES;
  }

  /** Whether an attempt may start. Open, that attempt is the trial, and the next one waits twice as long. */
  allowsRequest(): boolean {
    if (!this.isOpen) return true;
    if (this.now() < this.nextTrialAt) return false;
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    this.nextTrialAt = this.now() + this.pauseMs;
    return true;
  }

  recordSuccess(): void {
    const wasOpen = this.isOpen;
    this.failures = 0;
    this.pauseMs = FIRST_PAUSE_MS;
    if (wasOpen) this.changed(false);
  }

  recordFailure(): void {
    this.failures++;
    // What was under way when it opened says nothing new.
    if (this.failures !== FAILURES) return;
    this.nextTrialAt = this.now() + this.pauseMs;
    this.changed(true);
  }
}
