import { createHmac } from 'node:crypto';
import { DeliveryError, isRefusal, refusalError, VENDOR_TIMEOUT_SECONDS, type Refusal } from './delivery.js';

const MISCONFIGURED: Refusal = { kind: 'misconfigured', reason: 'provider_problem' };
const REFUSALS: Record<number, Refusal> = {
  // The recipient: no other provider could deliver the message either.
  410: { kind: 'rejected', reason: 'not_delivered' },
  422: { kind: 'rejected', reason: 'not_delivered' },
  401: MISCONFIGURED,
  403: MISCONFIGURED,
  404: MISCONFIGURED,
  405: MISCONFIGURED,
};

/** Posts signed messages to one URL, as https://www.standardwebhooks.com specifies. */
export class WebhookClient {
  private readonly key: Buffer;

  constructor(
    private readonly url: string,
    secret: string,
    readonly timeoutSeconds = VENDOR_TIMEOUT_SECONDS,
  ) {
    this.key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  }

  /**
   * Resolves when the receiver accepted the message; throws a `DeliveryError`. A retry has the same
   * id.
   */
  async post(id: string, message: object): Promise<void> {
    const body = JSON.stringify(message);
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', this.key).update(`${id}.${timestamp}.${body}`).digest('base64');
    let status: number;
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': `v1,${signature}`,
        },
        body,
        // The operator trusts only the configured URL.
        redirect: 'manual',
        signal: AbortSignal.timeout(this.timeoutSeconds * 1000),
      });
      status = response.status;
      // The body is not needed and could be endless.
      void response.body?.cancel().catch(() => undefined);
    } catch (error) {
      const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
      throw new DeliveryError(timedOut ? 'timeout' : 'unavailable');
    }
    if (status < 200 || status >= 300) throw refusal(status);
  }
}

function refusal(status: number): DeliveryError {
  if (status === 429) return new DeliveryError('throttled', status);
  if (status < 400) return new DeliveryError('misconfigured', status);
  const known = REFUSALS[status];
  return known || isRefusal(status) ? refusalError(known, status) : new DeliveryError('unavailable', status);
}
