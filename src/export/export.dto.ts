import { AccountEvent } from '../account-events/account-events.dto.js';
import { CustomerDetails } from '../customers/customers.dto.js';
import { Format, WholeNumber } from '../http/formats.js';
import { Profile } from '../users/users.dto.js';

export class ExportedProfile extends Profile {
  /**
   * When the phone number was verified.
   * @example "2026-11-21T10:00:00.000Z"
   */
  phoneVerifiedAt!: Date | null;
}

export class ExportedAddress {
  /**
   * The address, with its kind.
   * @example "email:grace@example.com"
   */
  recipient!: string;

  /**
   * Whether the account had the address. False: it only asked to change to it.
   * @example true
   */
  proved!: boolean;

  /**
   * When the account last asked for it, got it or gave it up.
   * @example "2026-11-21T10:00:00.000Z"
   */
  lastAt!: Date;
}

export class ExportedContactChange {
  /** @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001" */
  @Format('uuid')
  id!: string;

  /**
   * `email` or `phone`.
   * @example "email"
   */
  field!: string;

  /**
   * The address before the change.
   * @example "grace@example.com"
   */
  oldAddress!: string | null;

  /** @example "2026-11-21T10:00:00.000Z" */
  createdAt!: Date;

  /**
   * Until when it can be undone.
   * @example "2026-11-24T10:00:00.000Z"
   */
  expiresAt!: Date;
}

export class ExportedSession {
  /** @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001" */
  @Format('uuid')
  id!: string;

  /** @example "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0" */
  userAgent!: string | null;

  /** @example "203.0.113.7" */
  ip!: string | null;

  /** @example "2026-11-21T10:00:00.000Z" */
  signedInAt!: Date;

  /** @example "2026-11-21T10:00:00.000Z" */
  lastUsedAt!: Date;

  /** @example "2026-12-21T10:00:00.000Z" */
  expiresAt!: Date;

  /** @example "2026-11-22T10:00:00.000Z" */
  endedAt!: Date | null;

  /** @example "sign_out" */
  endReason!: string | null;

  /**
   * The sign-in method (RFC 8176).
   * @example ["pwd"]
   */
  amr!: string[];

  /** @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002" */
  @Format('uuid')
  deviceId!: string | null;
}

export class ExportedDevice {
  /** @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002" */
  @Format('uuid')
  id!: string;

  /** @example "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0" */
  userAgent!: string | null;

  /** @example "2026-11-21T10:00:00.000Z" */
  createdAt!: Date;

  /** @example "2026-11-21T10:00:00.000Z" */
  lastUsedAt!: Date;
}

export class ExportedMessageEvent {
  /** @example "2026-11-21T10:00:01.000Z" */
  @Format('date-time')
  at!: string;

  /** @example "delivered" */
  event!: string;

  /** @example "postmark" */
  provider?: string | null;

  /**
   * Why it failed.
   * @example null
   */
  reason?: string | null;

  /**
   * The provider's id of the message.
   * @example "0a129aee-e1cd-480d-b08d-4f48548ff48d"
   */
  ref?: string | null;
}

/** A message without its text. */
export class ExportedMessage {
  /** @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be004" */
  @Format('uuid')
  id!: string;

  /** @example "email:grace@example.com" */
  recipient!: string;

  /**
   * Id of the code that it carried; null for a notice.
   * @example null
   */
  @Format('uuid')
  challengeId!: string | null;

  /** @example "notice" */
  purpose!: string;

  /** @example "email" */
  channel!: string;

  /** @example "new_sign_in" */
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

  /** @example "delivered" */
  state!: string;

  /** @example 1 */
  @WholeNumber()
  attempts!: number;

  /**
   * Why the last attempt failed.
   * @example null
   */
  failure!: string | null;

  /**
   * What the limits against abuse decided: `allowed`, `proof_of_work`, or `observed:` and the limit that
   * would have refused the message. Null for a notice.
   * @example "allowed"
   */
  verdict!: string | null;

  /**
   * What it cost the operator of this server, in the operator's unit. Null for a notice.
   * @example 0
   */
  price!: number | null;

  /** @example "postmark" */
  provider!: string | null;

  /** @example "2026-11-21T10:00:00.000Z" */
  createdAt!: Date;

  /** @example "2026-11-22T10:00:00.000Z" */
  expiresAt!: Date;

  /** @example "2026-11-21T10:00:01.000Z" */
  finishedAt!: Date | null;

  /** What happened to the message. */
  log!: ExportedMessageEvent[];
}

export class ExportedSuppression {
  /** @example "email:grace@example.com" */
  recipient!: string;

  /** @example "bounced" */
  reason!: string;

  /** @example "postmark" */
  provider!: string;

  /** @example "2026-11-21T10:00:00.000Z" */
  createdAt!: Date;
}

export class ExportedAct {
  /** @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be003" */
  @Format('uuid')
  id!: string;

  /** @example "2026-11-21T10:00:00.000Z" */
  at!: Date;

  /** @example "user.update" */
  action!: string;

  /**
   * Details of the action, such as the changed fields.
   * @example { "roles": ["user", "admin"] }
   */
  details!: Record<string, unknown>;
}

/** Everything that is stored about a person. */
export class PersonalData {
  /** The account. */
  profile!: ExportedProfile;

  /** Addresses that the account had or asked for, as long as messages are kept. */
  addressHistory!: ExportedAddress[];

  /** Changes of an address that can still be undone. */
  contactChanges!: ExportedContactChange[];

  /** Sign-ins, also ended ones. */
  sessions!: ExportedSession[];

  /** Recognised devices. */
  devices!: ExportedDevice[];

  /** The events of the account. */
  events!: AccountEvent[];

  /** The customers of the account. */
  customers!: CustomerDetails[];

  /** Messages to the verified addresses of the account, without their text. */
  messages!: ExportedMessage[];

  /** Addresses that receive no messages. */
  suppressions!: ExportedSuppression[];

  /** What administrators did with the account. */
  administration!: ExportedAct[];
}
