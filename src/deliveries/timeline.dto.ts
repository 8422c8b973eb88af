import { IsString, Matches, MaxLength } from 'class-validator';
import { Format, WholeNumber } from '../http/formats.js';
import { IfGiven } from '../http/if-given.js';

export class TimelineQuery {
  /**
   * E-mail address or phone number.
   * @example "grace@example.com"
   */
  @MaxLength(254, { message: 'recipient is too long.' })
  @IsString({ message: 'recipient must be an e-mail address or a phone number.' })
  recipient!: string;
}

export class Unblock extends TimelineQuery {
  /**
   * Reset wrong guesses and cooldown for this purpose only. The budget of messages is counted over all
   * purposes and is always reset.
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
   * How much is used.
   * @example 10
   */
  @WholeNumber()
  used!: number;

  /**
   * How much is allowed.
   * @example 10
   */
  @WholeNumber()
  limit!: number;

  /**
   * When the budget is restored; null if nothing is used.
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
   * The provider that reported it.
   * @example "postmark"
   */
  provider!: string;

  /**
   * When it was reported.
   * @example "2026-11-20T08:00:00.000Z"
   */
  since!: Date;
}

/** The latest code of a purpose and lane. */
export class CodeRecord {
  /**
   * Id of the challenge.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  @Format('uuid')
  id!: string;

  /**
   * What the code is for.
   * @example "login"
   */
  purpose!: string;

  /**
   * Empty for the public lane. Each recognised device has its own lane.
   * @example ""
   */
  lane!: string;

  /**
   * Channel of the last message.
   * @example "email"
   */
  channel!: string;

  /**
   * The application that asked for it, if any.
   * @example null
   */
  applicationId!: string | null;

  /**
   * The data that the application sent with it.
   * @example { "order": "4711" }
   */
  metadata!: Record<string, string> | null;

  /**
   * Status of the code.
   * @example "pending"
   */
  status!: 'pending' | 'approved' | 'expired' | 'exhausted';

  /**
   * When the code was issued. Repeating a code does not change this.
   * @example "2026-11-21T10:00:00.000Z"
   */
  issuedAt!: Date;

  /**
   * When the code expires.
   * @example "2026-11-21T10:05:00.000Z"
   */
  expiresAt!: Date;

  /**
   * When the code was verified; null if it was not.
   * @example "2026-11-21T10:01:00.000Z"
   */
  approvedAt!: Date | null;

  /** Attempts for this code. A new code starts at zero. */
  attempts!: Budget;

  /** Wrong guesses per day, for this purpose. */
  failures!: Budget;

  /**
   * When the cooldown ends; null if there is none.
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
   * The provider that handled the message.
   * @example "postmark"
   */
  provider!: string | null;

  /**
   * Why it failed, with the provider's code if it gave one.
   * @example null
   */
  reason!: string | null;
}

export class MessageRecord {
  /**
   * Id of the message. The provider gets the same id.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002"
   */
  @Format('uuid')
  id!: string;

  /**
   * Id of the challenge whose code it carries; null for a notice.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  @Format('uuid')
  challengeId!: string | null;

  /**
   * Purpose of the message.
   * @example "login"
   */
  purpose!: string;

  /**
   * Channel of the message.
   * @example "email"
   */
  channel!: string;

  /**
   * Template of the message.
   * @example "code"
   */
  template!: string;

  /**
   * The application that asked for it, if any.
   * @example null
   */
  applicationId!: string | null;

  /**
   * The data that the application sent with it.
   * @example { "order": "4711" }
   */
  metadata!: Record<string, string> | null;

  /**
   * State of the message.
   * @example "sent"
   */
  state!: string;

  /**
   * Why the last attempt failed, with the provider's code if it gave one.
   * @example null
   */
  reason!: string | null;

  /**
   * What the budgets decided: `allowed`, `proof_of_work`, or `observed:` and the limit that would have
   * refused the message. Null for a notice.
   * @example "allowed"
   */
  verdict!: string | null;

  /**
   * When the message was requested.
   * @example "2026-11-21T10:00:00.000Z"
   */
  requestedAt!: Date;

  /**
   * The message is not sent after this time.
   * @example "2026-11-21T10:05:00.000Z"
   */
  expiresAt!: Date;

  /**
   * When the message was finished; null before that.
   * @example "2026-11-21T10:00:01.000Z"
   */
  finishedAt!: Date | null;

  /** Attempts and receipts, oldest first. */
  events!: MessageEvent[];
}

/** Why a code did or did not arrive. Contains no message text and no complete address. */
export class Timeline {
  /**
   * The masked address of the recipient.
   * @example "g•••@example.com"
   */
  recipient!: string;

  /** Set if messages to this address are suppressed. The reason `refused` expires after a day. */
  suppression!: Suppression | null;

  /** Newest first. */
  codes!: CodeRecord[];

  /** Newest first, up to a hundred. */
  messages!: MessageRecord[];
}
