import { Format } from '../http/formats.js';
import type { AccountAction } from './account-action.js';

/** An action on an account, or an attempt at one. */
export class AccountEvent {
  /**
   * Id of the event.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be004"
   */
  @Format('uuid')
  id!: string;

  /**
   * When it happened.
   * @example "2026-11-21T10:00:00.000Z"
   */
  at!: Date;

  /**
   * The action.
   * @example "sign_in"
   */
  action!: AccountAction;

  /**
   * Whether the action succeeded.
   * @example false
   */
  succeeded!: boolean;

  /**
   * Why the action was refused: an error code. `test` marks a success of a test identity
   * (`TEST_IDENTITIES`).
   * @example "invalid_credentials"
   */
  reason!: string | null;

  /**
   * The address that was used, masked so that only its owner recognises it.
   * @example "g•••@example.com"
   */
  address!: string | null;

  /**
   * IP address of the client.
   * @example "203.0.113.7"
   */
  ip!: string | null;

  /**
   * `User-Agent` of the client.
   * @example "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"
   */
  userAgent!: string | null;

  /**
   * The application that the request came from, if any.
   * @example null
   */
  applicationId!: string | null;
}
