import { createHmac } from 'node:crypto';
import { DeliveryError, VENDOR_TIMEOUT_SECONDS } from './delivery.js';

/** What an answer means, where it is more than "not by me". */
const ABOUT_THE_ADDRESS = [410, 422];
const MISCONFIGURED = [401, 403, 404, 405];

/** Posts messages to one URL, signed so that whoever takes them knows they are ours: https://www.standardwebhooks.com */
export class WebhookClient {
  private readonly key: Buffer;

  constructor(
    private readonly url: string,
    secret: string,
    readonly timeoutSeconds = VENDOR_TIMEOUT_SECONDS,
  ) {
    this.key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  }

  /** Resolves when the message was taken; throws a `DeliveryError`. The same id means the same message. */
  async post(id: string, message: object): Promise<void> {
    const body = JSON.stringify(message);
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', this.key).update(`${id}.${timestamp}.${body}`).digest('base64');
    let status: number;
    try {
      const reply = await fetch(this.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': `v1,${signature}`,
        },
        body,
        // Another address was signed for nobody and trusted by nobody.
        redirect: 'manual',
        signal: AbortSignal.timeout(this.timeoutSeconds * 1000),
      });
      status = reply.status;
      // The status says it all, and a body could be endless.
      void reply.body?.cancel().catch(() => undefined);
    } catch (error) {
      const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
      throw new DeliveryError(timedOut ? 'timeout' : 'unavailable');
    }
    if (status < 200 || status >= 300) throw refusal(status);
  }
}

function refusal(status: number): DeliveryError {
  if (status === 429) return new DeliveryError('throttled', status);
  if (status < 400 || MISCONFIGURED.includes(status)) return new DeliveryError('misconfigured', status);
  if (status >= 500 || status === 408) return new DeliveryError('unavailable', status);
  return new DeliveryError('rejected', status, !ABOUT_THE_ADDRESS.includes(status));
}
