import { IsUUID } from 'class-validator';
import { Format } from '../http/formats.js';
import { IfGiven } from '../http/if-given.js';
import { PageQuery } from '../http/pagination.js';

export const mustBeUserId = (field: string) => `${field} must be the id of a user.`;

export class AuditQuery extends PageQuery {
  /** Returns only actions on this user. */
  @IfGiven()
  @IsUUID('all', { message: mustBeUserId('subject') })
  subject?: string;

  /** Returns only actions of this administrator. */
  @IfGiven()
  @IsUUID('all', { message: mustBeUserId('actor') })
  actor?: string;
}

export class AuditEntry {
  /**
   * Id of the entry.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be003"
   */
  @Format('uuid')
  id!: string;

  /**
   * When the action happened.
   * @example "2026-11-21T10:00:00.000Z"
   */
  at!: Date;

  /**
   * The administrator. Null for the command line, and when an owner's deletion took effect.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002"
   */
  @Format('uuid')
  actorId!: string | null;

  /**
   * The action: `user.list`, `user.read`, `user.read_events`, `user.invite`, `user.update`,
   * `user.delete`, `user.erase`, `user.grant_admin`, `application.create`, `application.update`,
   * `application.delete`, `application.new_secret`, `delivery.read`, `delivery.unblock`,
   * `fraud.read`, `fraud.block`, `fraud.unblock`, `fraud.mark_safe`, `fraud.unmark_safe` or
   * `keys.revoke`.
   * @example "user.update"
   */
  action!: string;

  /**
   * The user that the action changed, or whose data it read, if any.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  @Format('uuid')
  subjectId!: string | null;

  /**
   * Details of the action, such as the changed fields. Addresses are masked.
   * @example { "roles": ["user", "admin"] }
   */
  details!: Record<string, unknown>;

  /**
   * IP address of the administrator.
   * @example "203.0.113.7"
   */
  ip!: string | null;

  /**
   * `User-Agent` of the administrator.
   * @example "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"
   */
  userAgent!: string | null;

  /**
   * The application that the request came from, if any.
   * @example null
   */
  applicationId!: string | null;
}
