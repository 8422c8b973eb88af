import { IsIn } from 'class-validator';
import { Format } from '../http/formats.js';
import { IfGiven } from '../http/if-given.js';

/** An active session. */
export class SessionEntry {
  /** @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001" */
  @Format('uuid')
  id!: string;

  /** Whether this request belongs to it. */
  current!: boolean;

  /**
   * `User-Agent` of the client when tokens were last issued.
   * @example "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
   */
  userAgent!: string | null;

  /**
   * IP address of the client when tokens were last issued.
   * @example "203.0.113.7"
   */
  ip!: string | null;

  /** When the user signed in. */
  signedInAt!: Date;

  /** When tokens were last issued. */
  lastUsedAt!: Date;

  /** When it ends, unless the user signs out earlier. */
  expiresAt!: Date;

  /**
   * Id of the device; null if the device was forgotten.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002"
   */
  @Format('uuid')
  deviceId!: string | null;
}

export class EndSession {
  /**
   * Whether to forget the device, so that it is no longer recognised. Default: false.
   */
  @IfGiven()
  @IsIn(['true', 'false'], { message: 'forgetDevice must be true or false.' })
  forgetDevice?: 'true' | 'false';
}
