import { Problem } from '@otp-auth/client';
import { explain } from '../shared/problems.js';
import { duration, fill } from '../shared/texts.js';
import type { SignedInTexts } from './texts.js';

/** The way forward after a refusal. `{time}` is the time to wait, `{count}` the attempts left. */
const TEXTS: Record<string, keyof SignedInTexts> = {
  otp_invalid: 'codeWrong',
  otp_expired: 'codeExpired',
  otp_not_found: 'codeExpired',
  otp_attempts_exhausted: 'codeExhausted',
  otp_cooldown: 'codeCooldown',
  otp_send_limit: 'sendLimit',
  network_send_limit: 'sendLimit',
  phone_send_limit: 'sendLimit',
  address_change_limit: 'sendLimit',
  otp_guess_limit: 'guessLimit',
  password_guess_limit: 'guessLimit',
  address_taken: 'addressTaken',
  address_reserved: 'addressReserved',
  contact_change_replaced: 'changeReplaced',
  changed_meanwhile: 'changedMeanwhile',
  email_invalid: 'emailInvalid',
  phone_invalid: 'phoneInvalid',
  phone_not_mobile: 'phoneInvalid',
  phone_country_unknown: 'phoneCountryUnknown',
  country_not_allowed: 'countryNotAllowed',
  channel_not_available: 'channelNotAvailable',
  password_refused: 'passwordRefused',
  invalid_credentials: 'passwordWrong',
  current_password_wrong: 'passwordWrong',
  passwords_busy: 'busy',
  last_administrator: 'lastAdministrator',
  own_account: 'ownAccount',
  forbidden: 'forbidden',
  token_invalid: 'sessionEnded',
  refresh_token_invalid: 'sessionEnded',
};

/** Invalid fields of a request, by the name that the API gives them. */
const FIELD_TEXTS: Record<string, keyof SignedInTexts> = {
  email: 'emailInvalid',
  phone: 'phoneInvalid',
  channel: 'channelNotAvailable',
  recipient: 'recipientInvalid',
  otp: 'codeIncomplete',
  password: 'passwordRefused',
};

/** Says in the person's language what to do after any refusal of the server. */
export function explainRefusal(error: unknown, texts: SignedInTexts): string {
  if (!(error instanceof Problem)) return explain(error, texts);
  // The tables are read by code, also for codes that are newer than this file.
  const { code, retryAfter, attemptsLeft, errors } = error as unknown as {
    code: string;
    retryAfter?: number;
    attemptsLeft?: number;
    errors?: { field: string }[];
  };
  const [field] = errors ?? [];
  const key =
    code === 'validation_failed' ? (FIELD_TEXTS[field?.field ?? ''] ?? 'inputInvalid') : TEXTS[code];
  if (!key) return code.endsWith('_not_found') ? texts.goneMeanwhile : explain(error, texts);
  if (code === 'otp_invalid' && !attemptsLeft) return texts.codeExhausted;
  const time = retryAfter && retryAfter > 1 ? duration(retryAfter) : texts.moment;
  return fill(texts[key], { time, count: attemptsLeft ?? 0 });
}
