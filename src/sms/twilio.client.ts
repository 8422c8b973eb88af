import type twilio from 'twilio';
import { DeliveryError, VENDOR_TIMEOUT_SECONDS } from '../common/delivery.js';
import type { Config } from '../config/config.js';
import { twilioSdk } from './twilio.sdk.js';

/** The longest `ValidityPeriod` that Twilio takes. */
const MAX_VALID_SECONDS = 36_000;

/** What Twilio's numbers mean: https://www.twilio.com/docs/api/errors */
const ERRORS = {
  /** No number, opted out, no mobile, a landline, a text too long: so it is for every provider. */
  address: [21211, 21217, 21610, 21614, 21617, 60205],
  /** Regions, routes, limits and checks of Twilio's own, and numbers that are not on WhatsApp. */
  elsewhere: [...[21215, 21408, 21612, 63003, 63024], ...[60200, 60202, 60203, 60238, 60410, 60605]],
  /** Sender, trial account, empty messaging service, template, channel off. */
  misconfigured: [21210, 21212, 21606, 21608, 21655, 21656, 21703, 60223, 63007, 63016],
};

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

/** What every message tells Twilio: how long it is good for, and where to report what became of it. */
export function messageOptions({ PUBLIC_URL, publicUrl }: Config, messageId: string, validSeconds: number) {
  return {
    validityPeriod: Math.min(validSeconds, MAX_VALID_SECONDS),
    // Twilio refuses the whole message for a URL that it could never reach.
    ...(PUBLIC_URL &&
      !isLocal(PUBLIC_URL) && {
        statusCallback: `${publicUrl}/webhooks/twilio?message=${messageId}`,
      }),
  };
}

function isLocal(url: string): boolean {
  return /^(localhost|127\..*|\[::1\]|.*\.localhost)$/.test(new URL(url).hostname);
}

/** Resolves to the `sid` of what was made; throws a `DeliveryError`. */
export async function sidOf(made: Promise<{ sid: string }>): Promise<string> {
  try {
    const { sid } = await made;
    if (typeof sid !== 'string') throw new DeliveryError('unavailable');
    return sid;
  } catch (error) {
    throw error instanceof DeliveryError ? error : translate(error);
  }
}

/** Takes the numbers out of the vendor's error and nothing else: an Axios error holds the message and the token. */
function translate(error: unknown): DeliveryError {
  const { status, code } = (error ?? {}) as { status?: unknown; code?: unknown };
  const vendorCode = typeof code === 'number' ? code : undefined;
  const is = (codes: number[]) => vendorCode !== undefined && codes.includes(vendorCode);
  if (is(ERRORS.address)) return new DeliveryError('rejected', vendorCode);
  // 30xxx are carriers and registrations.
  if (is(ERRORS.elsewhere) || Math.floor((vendorCode ?? 0) / 1000) === 30)
    return new DeliveryError('rejected', vendorCode, true);
  if (status === 429) return new DeliveryError('throttled', vendorCode);
  if (status === 401 || status === 404 || is(ERRORS.misconfigured))
    return new DeliveryError('misconfigured', vendorCode);
  if (code === 'ECONNABORTED' || code === 'ETIMEDOUT') return new DeliveryError('timeout');
  return new DeliveryError('unavailable', vendorCode);
}
