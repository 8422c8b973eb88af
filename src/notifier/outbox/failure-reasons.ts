/** What a failure means: a code for programs, a sentence for the person who waits. */
export interface FailureReason {
  code: string;
  text: string;
}

/** Refusals by a list that the vendor keeps: inactive at Postmark, opted out at Twilio. */
export const REFUSED_BY_LIST = ['rejected (406)', 'rejected (21610)'];

const INVALID_NUMBER = { code: 'number_invalid', text: 'The number does not exist.' };
const NOT_MOBILE = { code: 'number_not_mobile', text: 'The number cannot receive SMS.' };
const UNREACHABLE = { code: 'phone_unreachable', text: 'The phone is switched off or out of reach.' };
const COUNTRY = { code: 'country_not_served', text: 'We do not send to this country.' };
const BLOCKED = { code: 'blocked', text: 'The phone company or mail service of the recipient blocked it.' };
const OPTED_OUT = {
  code: 'opted_out',
  text: 'The number has opted out of our messages. Text START to undo that.',
};
const NO_WHATSAPP = { code: 'not_on_whatsapp', text: 'The number is not on WhatsApp.' };
const NO_MAILBOX = { code: 'mailbox_unknown', text: 'The mailbox does not exist.' };
const MAILBOX_BUSY = { code: 'mailbox_unavailable', text: 'The mailbox does not take messages now.' };
// Whoever asked may be a stranger, who is not told what happened to this address before.
const UNREACHABLE_ADDRESS = {
  code: 'address_unreachable',
  text: 'Messages to this address cannot be delivered.',
};
const NOT_ANSWERED = { code: 'call_not_answered', text: 'The call was not answered.' };
const OURS = { code: 'provider_problem', text: 'Our provider could not send it. Please try again later.' };
const UNKNOWN = { code: 'not_delivered', text: 'The message could not be delivered.' };

/** Vendors' numbers: https://www.twilio.com/docs/api/errors, Postmark's API errors and bounce types, SMTP replies. */
const EXACT: Record<string, FailureReason> = {
  suppressed: UNREACHABLE_ADDRESS,
  complained: UNREACHABLE_ADDRESS,
  ...all('rejected', INVALID_NUMBER, 21211, 21217),
  ...all('rejected', NOT_MOBILE, 21614, 60205),
  ...all('rejected', COUNTRY, 21408, 21215, 60605),
  ...all('rejected', UNREACHABLE, 21612),
  ...all('rejected', OPTED_OUT, 21610),
  ...all('rejected', BLOCKED, 60410, 30450),
  ...all('rejected', NO_WHATSAPP, 63003, 63024),
  ...all('rejected', NO_MAILBOX, 300, 550, 551, 553),
  ...all('rejected', UNREACHABLE_ADDRESS, 406),
  ...all('rejected', MAILBOX_BUSY, 552),
  ...all('rejected', BLOCKED, 554),
  ...all('undelivered', UNREACHABLE, 30003, 30009),
  ...all('undelivered', BLOCKED, 30004, 30007, 30450),
  ...all('undelivered', INVALID_NUMBER, 30005),
  ...all('undelivered', NOT_MOBILE, 30006),
  ...all('undelivered', OPTED_OUT, 21610),
  ...all('undelivered', NO_WHATSAPP, 63003, 63024),
  ...all('undelivered', NOT_ANSWERED, 'busy', 'no-answer'),
  ...all('undelivered', OURS, 30001, 30002, 30034, 63016),
  ...all('bounced', NO_MAILBOX, 1, 256, 100000),
  ...all('bounced', MAILBOX_BUSY, 2, 4096),
  ...all('bounced', BLOCKED, 512, 100006, 100009),
  ...all('bounced', UNREACHABLE_ADDRESS, 100002, 100003),
};

/** By the word in front, where the number says no more. */
const BY_WORD: Record<string, FailureReason> = {
  misconfigured: OURS,
  throttled: OURS,
  unavailable: OURS,
  timeout: OURS,
};

/** What a message's `failure` means: `rejected (21614)`, `undelivered (30003)`, `bounced (1)`, `timeout` … */
export function describeFailure(failure: string): FailureReason {
  const word = failure.split(' ')[0] ?? '';
  if (Object.hasOwn(EXACT, failure)) return EXACT[failure] ?? UNKNOWN;
  return Object.hasOwn(BY_WORD, word) ? (BY_WORD[word] ?? UNKNOWN) : UNKNOWN;
}

function all(
  word: string,
  reason: FailureReason,
  ...codes: (number | string)[]
): Record<string, FailureReason> {
  return Object.fromEntries(codes.map((code) => [`${word} (${code})`, reason]));
}
