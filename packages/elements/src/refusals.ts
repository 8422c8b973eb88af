import type { Problem } from '@otp-auth/client';
import type { Text, TextKey } from './texts.js';

export type Field = 'email' | 'phone' | 'password' | 'code' | 'firstName';

/** A way forward beside correcting the form and sending it again. */
export type Way =
  /** Send a new code, as soon as the server allows it. */
  | 'resend'
  /** The same code by another channel of the phone. */
  | 'other-channels'
  /** Enter a code that arrived before. */
  | 'have-code'
  | 'other-methods'
  | 'change-address'
  /** A sign-in code in place of the password. */
  | 'email-code'
  /** Give the address back to the account that had it. */
  | 'undo';

/** What the person reads and can do after a request has failed. */
export interface Refusal {
  /** Below the fields that caused it. */
  fields: Partial<Record<Field, Text>>;
  /** Below the form. */
  notice?: Text;
  ways: Way[];
  /** Seconds until the same request can succeed. */
  wait?: number;
  undoToken?: string;
}

/** Names of fields in replies of the API. */
const FIELDS: Record<string, Field> = {
  email: 'email',
  phone: 'phone',
  password: 'password',
  otp: 'code',
  firstName: 'firstName',
};

const INVALID: Record<Field, TextKey> = {
  email: 'emailInvalid',
  phone: 'phoneInvalid',
  password: 'passwordRefused',
  code: 'codeNotFound',
  firstName: 'nameInvalid',
};

/** Refusals that concern one field. */
const OF_FIELD: Record<string, [Field, TextKey, ...Way[]]> = {
  email_invalid: ['email', 'emailInvalid'],
  phone_invalid: ['phone', 'phoneInvalid'],
  phone_country_unknown: ['phone', 'phoneCountryUnknown'],
  phone_not_mobile: ['phone', 'phoneNotMobile', 'other-channels', 'other-methods'],
  country_not_allowed: ['phone', 'countryNotAllowed', 'other-methods'],
};

/** Refusals that concern the whole form. Those with `retryAfter` also say when to try again. */
const OF_FORM: Record<string, [TextKey, ...Way[]]> = {
  otp_expired: ['codeExpired', 'resend'],
  otp_attempts_exhausted: ['codeExhausted', 'resend'],
  otp_not_found: ['codeNotFound', 'resend'],
  otp_cooldown: ['cooldown', 'have-code'],
  otp_send_limit: ['sendLimit', 'have-code', 'other-methods'],
  otp_guess_limit: ['guessLimit', 'other-methods'],
  password_guess_limit: ['passwordGuessLimit', 'other-methods'],
  rate_limited: ['networkLimit', 'other-methods'],
  network_send_limit: ['networkLimit', 'other-methods'],
  phone_send_limit: ['phoneLimit', 'other-methods'],
  application_send_limit: ['applicationLimit', 'other-methods'],
  channel_not_available: ['channelNotAvailable', 'other-channels', 'other-methods'],
  application_channel_refused: ['channelNotAvailable', 'other-channels', 'other-methods'],
  application_country_refused: ['countryNotAllowed', 'other-methods'],
  // Below the form are also links to reset the password and to register.
  invalid_credentials: ['invalidCredentials', 'email-code'],
  account_disabled: ['accountDisabled', 'change-address'],
  account_closed: ['accountClosed', 'change-address'],
  address_reserved: ['undoText', 'undo', 'change-address'],
  changed_meanwhile: ['changedMeanwhile'],
  undo_link_invalid: ['codeNotFound', 'change-address'],
  service_unavailable: ['serverBusy'],
  passwords_busy: ['serverBusy', 'email-code'],
  unexpected_reply: ['unreachable'],
  // The client solves these. One that arrives here could not be solved.
  proof_of_work_required: ['checkFailed', 'other-methods'],
  // The operator's settings and the attributes on the page do not fit together.
  origin_not_allowed: ['notSetUp'],
  application_invalid: ['notSetUp'],
  application_required: ['notSetUp'],
  application_purpose_refused: ['notSetUp', 'other-methods'],
};

/** Turns any refusal of the server into a way forward. */
export function refusalOf(problem: Problem, isOnline = true): Refusal {
  // The table is read by code, also for codes that are newer than this file.
  const { code, retryAfter: wait } = problem as { code: string; retryAfter?: number };
  if (problem.code === 'otp_invalid') return ofCode(problem.attemptsLeft);
  if (problem.code === 'validation_failed' || problem.code === 'password_refused')
    return ofFields(problem.errors) ?? unknown(code);
  if (problem.code === 'network_error')
    return { fields: {}, notice: { key: isOnline ? 'unreachable' : 'offline' }, ways: [] };
  const undoToken = problem.code === 'address_reserved' ? problem.undoToken : undefined;

  const ofField = OF_FIELD[code];
  if (ofField) {
    const [field, key, ...ways] = ofField;
    return { fields: { [field]: { key } }, ways };
  }
  const ofForm = OF_FORM[code];
  if (!ofForm) return { ...unknown(code), wait };
  const [key, ...ways] = ofForm;
  return { fields: {}, notice: { key, values: { code } }, ways, wait, undoToken };
}

function ofCode(attemptsLeft: number): Refusal {
  return attemptsLeft > 0
    ? { fields: { code: { key: 'codeWrong', values: { count: attemptsLeft } } }, ways: [] }
    : { fields: {}, notice: { key: 'codeExhausted' }, ways: ['resend'] };
}

function ofFields(errors: { field: string; detail: string }[] = []): Refusal | null {
  const fields: Refusal['fields'] = {};
  for (const { field: name, detail } of errors) {
    const field = FIELDS[name];
    if (field) fields[field] ??= textOf(field, detail);
  }
  return Object.keys(fields).length > 0 ? { fields, ways: [] } : null;
}

/** The server's details are English. Numbers in them are worth keeping. */
function textOf(field: Field, detail: string): Text {
  const count = Number(/(?:at least|must have) (\d+)/.exec(detail)?.[1]);
  if (field === 'password' && count) return { key: 'passwordTooShort', values: { count } };
  if (field === 'code' && count) return { key: 'codeIncomplete', values: { count } };
  return { key: INVALID[field] };
}

function unknown(code: string): Refusal {
  return { fields: {}, notice: { key: 'unknown', values: { code } }, ways: [] };
}
