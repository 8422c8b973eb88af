import { IsString, Matches, MaxLength } from 'class-validator';
import { IfGiven } from '../http/if-given.js';

export class TimelineQuery {
  /**
   * E-mail address or phone number, as people write it.
   * @example "ada@example.com"
   */
  @MaxLength(254, { message: 'recipient is too long.' })
  @IsString({ message: 'recipient must be an e-mail address or a phone number.' })
  recipient!: string;
}

export class Unblock extends TimelineQuery {
  /**
   * Wrong guesses and the wait of this purpose only. The messages of a day are counted over all purposes together.
   * @example "login"
   */
  @IfGiven()
  @Matches(/^[a-z][a-z0-9_]{0,31}$/, {
    message: 'purpose must be up to 32 lower-case letters, digits and _.',
  })
  purpose?: string;
}

export class Budget {
  /**
   * What is spent.
   * @example 10
   */
  used!: number;

  /**
   * What there is.
   * @example 10
   */
  limit!: number;

  /**
   * When it is given back; null where nothing is spent.
   * @example "2026-11-22T10:00:00.000Z"
   */
  endsAt!: Date | null;
}

export class Suppression {
  /**
   * Why nothing is sent to this address.
   * @example "bounced"
   */
  reason!: string;

  /**
   * Who reported it.
   * @example "postmark"
   */
  provider!: string;

  /**
   * When it was reported.
   * @example "2026-11-20T08:00:00.000Z"
   */
  since!: Date;
}

/** A code that is live, or the last one of its purpose and lane. */
export class CodeRecord {
  /**
   * The challenge.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  id!: string;

  /**
   * What it is for.
   * @example "login"
   */
  purpose!: string;

  /**
   * Empty for what anybody can ask for; a known device has a lane of its own.
   * @example ""
   */
  lane!: string;

  /**
   * How its message went.
   * @example "email"
   */
  channel!: string;

  /**
   * What became of it.
   * @example "pending"
   */
  status!: 'pending' | 'approved' | 'expired' | 'exhausted';

  /**
   * When it was made; a repeated code stays the same one.
   * @example "2026-11-21T10:00:00.000Z"
   */
  issuedAt!: Date;

  /**
   * When it stops working.
   * @example "2026-11-21T10:05:00.000Z"
   */
  expiresAt!: Date;

  /**
   * When it was given, rightly and for the first time.
   * @example "2026-11-21T10:01:00.000Z"
   */
  approvedAt!: Date | null;

  /** Guesses at this code; a new code has new ones. */
  attempts!: Budget;

  /** Messages of the day, over all purposes of the lane. */
  sends!: Budget;

  /** Wrong guesses of the day, for this purpose. */
  failures!: Budget;

  /**
   * Until when another message is refused; null where one may be sent.
   * @example "2026-11-21T10:01:00.000Z"
   */
  waitsUntil!: Date | null;
}

export class MessageEvent {
  /**
   * When it happened.
   * @example "2026-11-21T10:00:00.000Z"
   */
  at!: Date;

  /**
   * What happened.
   * @example "sent"
   */
  event!: string;

  /**
   * Who had the message.
   * @example "postmark"
   */
  provider!: string | null;

  /**
   * Why it failed, with the provider's code where it gave one.
   * @example null
   */
  reason!: string | null;
}

export class MessageRecord {
  /**
   * Names the message, at the provider as well.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002"
   */
  id!: string;

  /**
   * The code that it carried; null for a notice.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  challengeId!: string | null;

  /**
   * What it was for.
   * @example "login"
   */
  purpose!: string;

  /**
   * How it went.
   * @example "email"
   */
  channel!: string;

  /**
   * What it said.
   * @example "code"
   */
  template!: string;

  /**
   * How far it has come.
   * @example "sent"
   */
  state!: string;

  /**
   * Why it failed, or its last attempt did, with the provider's code where it gave one.
   * @example null
   */
  reason!: string | null;

  /**
   * When it was asked for.
   * @example "2026-11-21T10:00:00.000Z"
   */
  requestedAt!: Date;

  /**
   * Nothing is sent after this.
   * @example "2026-11-21T10:05:00.000Z"
   */
  expiresAt!: Date;

  /**
   * When the last word was said about it.
   * @example "2026-11-21T10:00:01.000Z"
   */
  finishedAt!: Date | null;

  /** Attempts and receipts, in order. */
  events!: MessageEvent[];
}

/** Why a code did or did not arrive: nothing of what a message said, and no whole address. */
export class Timeline {
  /**
   * Whose it is, to recognise.
   * @example "a•••@example.com"
   */
  recipient!: string;

  /** Set where nothing is sent to this address; `refused` holds for a day. */
  suppression!: Suppression | null;

  /** The newest first. */
  codes!: CodeRecord[];

  /** The newest first, up to a hundred. */
  messages!: MessageRecord[];
}
