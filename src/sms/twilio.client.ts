import type twilio from 'twilio';
import { DeliveryError, isRefusal, refusalError, VENDOR_TIMEOUT_SECONDS } from '../common/delivery.js';
import type { Config } from '../config/config.js';
import { TWILIO_ERRORS } from './twilio.errors.js';
import { twilioSdk } from './twilio.sdk.js';

/** The longest `ValidityPeriod` that Twilio accepts. */
const MAX_VALID_SECONDS = 36_000;

export type TwilioClient = twilio.Twilio;

export function twilioClient(config: Config, timeoutSeconds = VENDOR_TIMEOUT_SECONDS): TwilioClient {
  const sdk = twilioSdk();
  const client = sdk(config.TWILIO_ACCOUNT_SID, config.TWILIO_AUTH_TOKEN, {
    httpClient: new sdk.RequestClient({
      timeout: timeoutSeconds * 1000,
      keepAlive: true,
      maxSockets: 100,
    }),
  });
  if (config.TWILIO_API_URL) {
    const url = config.TWILIO_API_URL.replace(/\/$/, '');
    client.api.baseUrl = url;
    client.verify.baseUrl = url;
  }
  return client;
}

/**
 * Options of every message: how long Twilio may try to deliver it, and where to send its receipt.
 */
export function messageOptions({ PUBLIC_URL, publicUrl }: Config, messageId: string, validSeconds: number) {
  return {
    validityPeriod: Math.min(validSeconds, MAX_VALID_SECONDS),
    // Twilio rejects the whole message if it cannot reach this URL.
    ...(PUBLIC_URL &&
      !isLocal(PUBLIC_URL) && {
        statusCallback: `${publicUrl}/webhooks/twilio?message=${messageId}`,
      }),
  };
}

function isLocal(url: string): boolean {
  return /^(localhost|127\..*|\[::1\]|.*\.localhost)$/.test(new URL(url).hostname);
}

/** Resolves to the `sid` of the created resource; throws a `DeliveryError`. */
export async function sidOf(creation: Promise<{ sid: string }>): Promise<string> {
  try {
    const { sid } = await creation;
    if (typeof sid !== 'string') throw new DeliveryError('unavailable');
    return sid;
  } catch (error) {
    throw error instanceof DeliveryError ? error : translate(error);
  }
}

/** Copies only the numbers, because an Axios error contains the message and the token. */
function translate(error: unknown): DeliveryError {
  const { status, code } = (error ?? {}) as { status?: unknown; code?: unknown };
  const vendorCode = typeof code === 'number' ? code : undefined;
  const known = vendorCode === undefined ? undefined : TWILIO_ERRORS.refusals[vendorCode];
  if (known && vendorCode !== undefined) return refusalError(known, vendorCode);
  if (status === 429) return new DeliveryError('throttled', vendorCode);
  // A 404 without Twilio's number comes from another server: the URL is wrong.
  if (status === 401 || status === 403 || (status === 404 && vendorCode === undefined))
    return new DeliveryError('misconfigured', vendorCode);
  if (isRefusal(status)) return refusalError(undefined, vendorCode ?? status);
  if (code === 'ECONNABORTED' || code === 'ETIMEDOUT') return new DeliveryError('timeout');
  return new DeliveryError('unavailable', vendorCode);
}
