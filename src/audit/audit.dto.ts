import { IsUUID } from 'class-validator';
import { IfGiven } from '../http/if-given.js';
import { PageQuery } from '../http/pagination.js';

export class AuditQuery extends PageQuery {
  /** Only what was done to this user. */
  @IfGiven()
  @IsUUID('all', { message: 'subject must be the id of a user.' })
  subject?: string;

  /** Only what this administrator did. */
  @IfGiven()
  @IsUUID('all', { message: 'actor must be the id of a user.' })
  actor?: string;
}

export class AuditEntry {
  /**
   * Names the entry.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be003"
   */
  id!: string;

  /**
   * When it was done.
   * @example "2026-11-21T10:00:00.000Z"
   */
  at!: Date;

  /**
   * The administrator who did it; null for the command line.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002"
   */
  actorId!: string | null;

  /**
   * What was done.
   * @example "user.disable"
   */
  action!: string;

  /**
   * The user it was done to.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  subjectId!: string | null;

  /**
   * What more there is to say; it depends on the action.
   * @example { "roles": ["user", "admin"] }
   */
  details!: Record<string, unknown>;

  /**
   * Where the administrator's request came from.
   * @example "203.0.113.7"
   */
  ip!: string | null;

  /**
   * What the request was made with.
   * @example "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"
   */
  userAgent!: string | null;
}
