import type { TwilioVerifySender } from './twilio.verify-sender.js';

/** Reports to Twilio Verify how the verification of a code ended. */
export class TwilioVerifyFeedback {
  /** The sender is null if Twilio Verify is not configured. */
  constructor(private readonly sender: TwilioVerifySender | null) {}

  /** The provider that wants feedback; null if there is none. */
  get provider(): string | null {
    return this.sender?.provider ?? null;
  }

  /** Best effort, because the result does not depend on it. Never rejects. */
  async close(providerRef: string, status: 'approved' | 'canceled'): Promise<void> {
    await this.sender?.close(providerRef, status).catch(() => undefined);
  }
}
