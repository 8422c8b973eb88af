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
export type Judgement = { level: Level } | { retryAfter: number };
type Level = 0 | 1 | 2 | 3 | 4;

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
 * each message, so a right code takes back one message until this many are left. It also takes back
 * one of the four of recognised devices, or they would bring more.
 */
const PAID_CODES = 10;

export function judgeRecipient(usage: Usage, { isPhone, isRecognised, isServer }: Evidence): Judgement {
  const reserved = isRecognised ? RECOGNISED_MESSAGES - MESSAGES : 0;
  const rightCodes = isPhone ? usage.dayVerified : 0;
  const messages = MESSAGES - rightCodes + Math.max(0, reserved - rightCodes);
  const limit = Math.max(PAID_CODES, messages);
  const tooManyDevices = isPhone && isRecognised && usage.recognised > PAID_CODES;
  if (usage.daySent > limit || tooManyDevices) return refusedForDay(usage);
  if (usage.daySent <= FREE_MESSAGES || isRecognised || isServer) return ALLOWED;
  const step = PROOF_STEPS.find(([last]) => usage.daySent <= last);
  return { level: step?.[1] ?? MAX_LEVEL };
}

/** Up to `free` recipients may be outstanding as they are, up to `refused` with a proof of work. */
export interface Band {
  free: number;
  /** Null: never refused. */
  refused: number | null;
}

/** By the right codes of the window, and those of the day. */
export type BandOf = (verified: number, today: number) => Band;

/** A /48 of IPv6 has four times as much as a /64 or an IPv4 /24. */
const WIDE = 4;

/** A country never refuses: that would be a weapon against everybody in it. */
export const BANDS = {
  network: { hour: (verified) => ({ free: 5 + verified, refused: 20 + 2 * verified }) },
  wideNetwork: {
    hour: (verified) => ({ free: WIDE * (5 + verified), refused: WIDE * (20 + 2 * verified) }),
  },
  prefix: {
    hour: (verified) => ({ free: 5 + verified, refused: 3 * (5 + verified) }),
    day: (verified) => ({ free: 20 + verified, refused: 25 + 3 * verified }),
  },
  country: {
    // One for each right code, and not more, because pumped numbers use what honest people pay back.
    // On the day of a launch many people are just about to enter their codes, also when an hour begins.
    hour: (verified, today) => ({ free: 20 + verified + Math.floor(today / 5), refused: null }),
    day: (verified) => ({ free: 100 + verified, refused: null }),
  },
} satisfies Record<string, { hour: BandOf; day?: BandOf }>;

export type BandedScope = keyof typeof BANDS;

/** Recipients that did not verify. A late right code counts in the window in which it comes. */
export const outstandingOf = (sent: number, verified: number) => Math.max(0, sent - verified);

export function judgeScope(scope: BandedScope, usage: Usage): Judgement {
  const { hour, day }: { hour: BandOf; day?: BandOf } = BANDS[scope];
  const { hourSent, hourVerified, daySent, dayVerified } = usage;
  const hourBand = hour(hourVerified, dayVerified);
  const perHour = inBand(outstandingOf(hourSent, hourVerified), hourBand, refusedForHour(usage));
  if (!day) return perHour;
  const perDay = inBand(
    outstandingOf(daySent, dayVerified),
    day(dayVerified, dayVerified),
    refusedForDay(usage),
  );
  return stricter(perHour, perDay);
}

/** Four equal steps up to the refusal; without one, a step for each doubling of the free part. */
function inBand(count: number, { free, refused }: Band, refusal: Judgement): Judgement {
  if (count <= free) return ALLOWED;
  if (refused === null)
    return { level: Math.min(MAX_LEVEL, 1 + Math.floor(Math.log2(count / free))) as Level };
  if (count > refused) return refusal;
  return { level: Math.ceil((MAX_LEVEL * (count - free)) / (refused - free)) as Level };
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

/** How many guesses a stranger has with a proof of this level. */
export function passwordGuessesWith(level: number): number {
  return level >= MAX_LEVEL ? PASSWORD_GUESSES : FREE_PASSWORD_GUESSES + level;
}
