import { IsIn } from 'class-validator';
import { IfGiven } from '../http/if-given.js';

/** One sign-in that is not over. */
export class SessionEntry {
  /** @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001" */
  id!: string;

  /** The one that this request belongs to. */
  current!: boolean;

  /**
   * The program, as it names itself.
   * @example "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
   */
  userAgent!: string | null;

  /**
   * Where it was last used from.
   * @example "203.0.113.7"
   */
  ip!: string | null;

  /** When the user signed in. */
  signedInAt!: Date;

  /** When tokens were last given out. */
  lastUsedAt!: Date;

  /** When it ends, unless the user signs out before. */
  expiresAt!: Date;

  /**
   * The same for sessions of one device; null when that was forgotten.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002"
   */
  deviceId!: string | null;
}

export class EndSession {
  /**
   * Whether its device is to count as unknown from now on.
   * @example "true"
   */
  @IfGiven()
  @IsIn(['true', 'false'], { message: 'forgetDevice must be true or false.' })
  forgetDevice?: 'true' | 'false';
}
