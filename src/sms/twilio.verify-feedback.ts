import type { TwilioVerifySender } from './twilio.verify-sender.js';

/** Tells the provider that sent a code how its verification ended, where it wants to know. */
export class TwilioVerifyFeedback {
  /** Null where no such provider is set up. */
  constructor(private readonly sender: TwilioVerifySender | null) {}

  /** Who wants to know; null for nobody. */
  get provider(): string | null {
    return this.sender?.provider ?? null;
  }

  /** Best effort, for it changes nothing here. Never rejects. */
  async close(providerRef: string, status: 'approved' | 'canceled'): Promise<void> {
    await this.sender?.close(providerRef, status).catch(() => undefined);
  }
}
