import type { AccountAction } from './account-action.js';

/** Something that happened to an account, or that somebody tried on it. */
export class AccountEvent {
  /**
   * Names the event.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be004"
   */
  id!: string;

  /**
   * When it happened.
   * @example "2026-11-21T10:00:00.000Z"
   */
  at!: Date;

  /**
   * What happened.
   * @example "sign_in"
   */
  action!: AccountAction;

  /**
   * Whether it was allowed.
   * @example false
   */
  succeeded!: boolean;

  /**
   * The code of the refusal; `test` for what an address of `TEST_IDENTITIES` did.
   * @example "credentials_invalid"
   */
  reason!: string | null;

  /**
   * The address it was about, for its owner to recognise.
   * @example "a•••@example.com"
   */
  address!: string | null;

  /**
   * Where the request came from.
   * @example "203.0.113.7"
   */
  ip!: string | null;

  /**
   * What the request was made with.
   * @example "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"
   */
  userAgent!: string | null;
}
