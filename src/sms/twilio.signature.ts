import { twilioSdk } from './twilio.sdk.js';

/**
 * Whether Twilio signed a request to this URL with these form fields. The SDK throws on malformed
 * input.
 */
export function isSignedByTwilio(
  authToken: string,
  signature: string,
  url: string,
  fields: Record<string, string>,
): boolean {
  try {
    return twilioSdk().validateRequest(authToken, signature, url, fields);
  } catch {
    return false;
  }
}
