/** Not in TypeScript's library yet. */
interface OtpCredentialRequest extends CredentialRequestOptions {
  otp: { transport: ['sms'] };
}

/** The code of the next SMS that names this site (WebOTP), or null where the browser has none to give. */
export async function codeFromSms(signal: AbortSignal): Promise<string | null> {
  if (!('OTPCredential' in globalThis)) return null;
  const request: OtpCredentialRequest = { otp: { transport: ['sms'] }, signal };
  try {
    const credential = (await navigator.credentials.get(request)) as { code?: string } | null;
    return credential?.code ?? null;
  } catch {
    // The person declined, or nothing arrived.
    return null;
  }
}
