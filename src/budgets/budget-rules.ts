/** What is counted under one key, this message included. */
export interface Usage {
  hourSent: number;
  hourVerified: number;
  hourSpent: number;
  daySent: number;
  dayVerified: number;
  daySpent: number;
  /** Of a recipient: messages for recognised devices. */
  recognised: number;
  /** Seconds since the window began. The hour of an application is a minute. */
  hourAge: number;
  dayAge: number;
}

/** Evidence that the caller presents. Nothing else may change an answer. */
export interface Evidence {
  isPhone: boolean;
  /** A recognised device of the account that owns the address. */
  isRecognised: boolean;
  /** A server application does no proof of work. Only the hard limits apply to it. */
  isServer: boolean;
}

/** Level 0: allowed as it is. Levels 1 to 4: allowed with a proof of work of this level. */
export type Judgement = { level: 0 | 1 | 2 | 3 | 4 } | { retryAfter: number };

export const MAX_LEVEL = 4;
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

const ALLOWED: Judgement = { level: 0 };
const refusedForHour = ({ hourAge }: Usage): Judgement => ({ retryAfter: left(HOUR, hourAge) });
const refusedForDay = ({ dayAge }: Usage): Judgement => ({ retryAfter: left(DAY, dayAge) });
const left = (seconds: number, age: number) => Math.max(1, seconds - age);

/** Messages to a recipient in a day. The n-th message needs a proof of the level of its first step. */
const FREE_MESSAGES = 6;
const PROOF_STEPS = [
  [10, 1],
  [14, 2],
  [17, 3],
] as const;
const MESSAGES = 20;
/** Four more, which only recognised devices reach. */
const RECOGNISED_MESSAGES = 24;
/**
 * Right codes of a phone number in a day. A premium number's owner verifies each code and earns from
 * each message, so a right code takes back one message until this many are left.
 */
const PAID_CODES = 10;

export function judgeRecipient(usage: Usage, { isPhone, isRecognised, isServer }: Evidence): Judgement {
  const messages = isRecognised ? RECOGNISED_MESSAGES : MESSAGES;
  const limit = isPhone ? Math.max(PAID_CODES, messages - usage.dayVerified) : messages;
  const tooManyDevices = isPhone && isRecognised && usage.recognised > PAID_CODES;
  if (usage.daySent > limit || tooManyDevices) return refusedForDay(usage);
  if (usage.daySent <= FREE_MESSAGES || isRecognised || isServer) return ALLOWED;
  const step = PROOF_STEPS.find(([last]) => usage.daySent <= last);
  return { level: step?.[1] ?? MAX_LEVEL };
}

/** Recipients that did not verify. A late right code counts in the window in which it comes. */
const outstanding = (sent: number, verified: number) => Math.max(0, sent - verified);

/** Free up to `free`, with a proof of work up to `hard`, in four equal steps. */
function inSteps(count: number, free: number, hard: number, refused: Judgement): Judgement {
  if (count <= free) return ALLOWED;
  if (count > hard) return refused;
  return { level: Math.ceil((MAX_LEVEL * (count - free)) / (hard - free)) as 1 | 2 | 3 | 4 };
}

/** A /48 of IPv6 has four times as much as a /64 or an IPv4 /24. */
export function judgeNetwork(usage: Usage, isWide = false): Judgement {
  const { hourSent, hourVerified } = usage;
  const factor = isWide ? 4 : 1;
  const free = factor * (5 + hourVerified);
  const hard = factor * (20 + 2 * hourVerified);
  return inSteps(outstanding(hourSent, hourVerified), free, hard, refusedForHour(usage));
}

export function judgePrefix(usage: Usage): Judgement {
  const { hourSent, hourVerified, daySent, dayVerified } = usage;
  const hour = inSteps(
    outstanding(hourSent, hourVerified),
    5 + hourVerified,
    3 * (5 + hourVerified),
    refusedForHour(usage),
  );
  const day = inSteps(
    outstanding(daySent, dayVerified),
    20 + dayVerified,
    25 + 3 * dayVerified,
    refusedForDay(usage),
  );
  return stricter(hour, day);
}

/** Never refuses: a refusal per country would be a weapon against everybody in it. */
export function judgeCountry({ hourSent, hourVerified, daySent, dayVerified }: Usage): Judgement {
  const hour = outstanding(hourSent, hourVerified) / (20 + hourVerified);
  const day = outstanding(daySent, dayVerified) / (100 + dayVerified);
  const excess = Math.max(hour, day);
  if (excess <= 1) return ALLOWED;
  return { level: Math.min(MAX_LEVEL, 1 + Math.floor(Math.log2(excess))) as 1 | 2 | 3 | 4 };
}

/** In millionths of the unit of `PHONE_PRICES`; null: no limit. */
export interface SpendLimits {
  perHour: number | null;
  perDay: number | null;
}

/** Strangers may spend four fifths. The rest is for recognised devices and server applications. */
export function judgeMoney(
  usage: Usage,
  limits: SpendLimits,
  { isRecognised, isServer }: Evidence,
): Judgement {
  const share = isRecognised || isServer ? 1 : 0.8;
  if (limits.perDay !== null && usage.daySpent > limits.perDay * share) return refusedForDay(usage);
  if (limits.perHour !== null && usage.hourSpent > limits.perHour * share) return refusedForHour(usage);
  return ALLOWED;
}

export interface ApplicationBudget {
  messagesPerMinute: number;
  messagesPerDay: number | null;
  /** In millionths of the unit of `PHONE_PRICES`. */
  spendPerDay: number | null;
}

export function judgeApplication(usage: Usage, limits: ApplicationBudget): Judgement {
  const { messagesPerMinute, messagesPerDay, spendPerDay } = limits;
  if (messagesPerDay !== null && usage.daySent > messagesPerDay) return refusedForDay(usage);
  if (spendPerDay !== null && usage.daySpent > spendPerDay) return refusedForDay(usage);
  if (usage.hourSent > messagesPerMinute) return { retryAfter: left(MINUTE, usage.hourAge) };
  return ALLOWED;
}

/** A refusal is stricter than a proof, and of two refusals the longer one counts. */
export function stricter(one: Judgement, other: Judgement): Judgement {
  if ('retryAfter' in one) return 'retryAfter' in other && other.retryAfter > one.retryAfter ? other : one;
  return 'retryAfter' in other || other.level > one.level ? other : one;
}

/** Guesses at a password in a day, the one that is counted included. */
export const PASSWORD_GUESSES = 15;
export const RECOGNISED_PASSWORD_GUESSES = 20;
/** Guesses per network in an hour. */
export const NETWORK_PASSWORD_GUESSES = 100;
const FREE_PASSWORD_GUESSES = 10;

/** The level of the proof of work that a stranger's n-th guess at a password needs; 0: none. */
export function passwordProofLevel(guesses: number): number {
  return Math.min(MAX_LEVEL, Math.max(0, guesses - FREE_PASSWORD_GUESSES));
}
