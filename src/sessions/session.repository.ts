import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Batch } from '../database/batch.js';
import { Sql, statement } from '../database/sql.js';
import type { DeviceKey } from './device.repository.js';

export interface NewSession {
  id: string;
  userId: string;
  /** The user's security stamp when the credentials were checked. */
  securityStamp: number;
  refreshHash: Buffer;
  lifeSeconds: number;
  amr: string[];
  userAgent?: string;
  ip: string;
  /** From the device token that the client presented. */
  presentedDevice: DeviceKey | null;
  /** Inserted if the presented device is not one of the user's. */
  newDevice: DeviceKey;
}

export interface Rotation {
  sessionId: string;
  /** Hash of the presented token. */
  presented: Buffer;
  /** Hash of the token that replaces it. */
  successor: Buffer;
  /** Whether this server made the presented token. */
  isGenuine: boolean;
  userAgent?: string;
  ip: string;
}

export interface Rotated {
  userId: string;
  amr: string[];
  /** Hash of the token that is valid now. */
  refreshHash: Buffer;
  /** The presented token was a replay, and the session has ended. */
  replayed: boolean;
}

interface LiveSession {
  id: string;
  userId: string;
  recentlyAuthenticated: boolean;
  /** Last used more than an hour ago. */
  isIdle: boolean;
}

export interface SessionRow {
  id: string;
  userAgent: string | null;
  ip: string | null;
  signedInAt: Date;
  lastUsedAt: Date;
  expiresAt: Date;
  deviceId: string | null;
}

/** A session that may have ended. */
export interface PastSession extends SessionRow {
  endedAt: Date | null;
  endReason: string | null;
  /** How the user signed in (RFC 8176). */
  amr: string[];
}

export interface OpenedSession {
  deviceId: string;
  at: Date;
  /** The device was not recognised, and the user has other devices. */
  isNewDevice: boolean;
}

const MAX_LISTED = 100;

const LIVE = `ended_at is null and expires_at > now() and last_used_at > now() - interval '14 days'`;

const IDLE = `last_used_at < now() - interval '1 hour'`;

/**
 * Ending a session also makes it expire, so that the index on `expires_at` finds ended and expired
 * ones.
 */
const ENDED = `ended_at = now(), end_reason = $3::text, expires_at = least(expires_at, now())`;

/**
 * Opens a session in one commit: on the presented device if it belongs to the user, else on a new
 * one. Does nothing if the user was disabled or closed, or the security stamp changed since the credentials
 * were checked. `isNewDevice` reads the statement's snapshot, which does not contain the new
 * device.
 *
 * Safe against a concurrent password reset, disabling or role change. Such a transaction first
 * raises the security stamp by an UPDATE of the users row, then ends the sessions by a second
 * statement.
 * - If this statement locks the row first, that UPDATE waits for the share lock. The second
 *   statement has a newer snapshot, sees the new session and ends it.
 * - If the UPDATE comes first, this statement waits for its commit, re-checks the WHERE on the
 *   newest version of the row, and finds another security stamp.
 */
const OPEN = statement(
  'sessions_open',
  `
    with owner as (
      select id from users where id = $1::uuid and security_stamp = $2::int
        and disabled_at is null and closed_at is null for share),
    recognised as (
      update devices set last_used_at = now(), user_agent = $3::text
      where id = $4::uuid and token_hash = $5::bytea and last_used_at > now() - interval '180 days'
        and user_id = (select id from owner)
      returning id),
    added as (
      insert into devices (id, user_id, token_hash, user_agent)
      select $6::uuid, id, $7::bytea, $3 from owner where not exists (select from recognised)
      returning id)
    insert into sessions (id, user_id, device_id, refresh_hash, amr, user_agent, ip, expires_at)
    select $8::uuid, owner.id, device.id, $9::bytea, $10::text[], $3, $11::text,
      now() + make_interval(secs => $12::int)
    from owner, (select id from recognised union all select id from added) as device
    returning device_id as "deviceId", authenticated_at as at,
      device_id = $6 and exists (select from devices where user_id = sessions.user_id) as "isNewDevice"`,
);

const CHECK = statement(
  'sessions_check',
  `
    select id, user_id as "userId", authenticated_at > now() - interval '10 minutes' as "recentlyAuthenticated",
      ${IDLE} as "isIdle"
    from sessions where id = any ($1::uuid[]) and ${LIVE}`,
);

/**
 * Safe without a lock: of parallel requests, the first updates the row. The others wait for it, check
 * the WHERE again on the new version, and change nothing. A session that ended meanwhile stays ended.
 */
const TOUCH = statement(
  'sessions_touch',
  `update sessions set last_used_at = now() where id = $1 and ${LIVE} and ${IDLE}`,
);

/**
 * Checks the presented refresh token and acts on it in one statement:
 * - The current token is rotated.
 * - Its predecessor is accepted for 10 seconds after the rotation and changes no token. The caller
 *   gets the current token again, so a retry or a second tab works.
 * - Any other genuine token is a replay: somebody has a copy of it. The session ends (RFC 9700,
 *   section 4.14.2).
 * - A token that is not genuine changes nothing, so knowing a session's id is not enough to end it.
 *
 * Under READ COMMITTED, an UPDATE that waited for the row evaluates its WHERE and CASEs again on
 * the newest version. Of parallel refreshes of one token, the first one rotates it and the others
 * find it as the predecessor. So there is never more than one successor, and an ended session stays
 * ended.
 */
const REFRESH = statement(
  'sessions_refresh',
  `
    update sessions s set
      (refresh_hash, previous_hash, rotated_at, last_used_at, user_agent, ip, ended_at, end_reason, expires_at) = (
        select
          case when rotates then $3::bytea else s.refresh_hash end,
          case when rotates then s.refresh_hash else s.previous_hash end,
          case when rotates then now() else s.rotated_at end,
          case when replayed then s.last_used_at else now() end,
          case when replayed then s.user_agent else $5::text end,
          case when replayed then s.ip else $6::text end,
          case when replayed then now() end,
          case when replayed then 'replay' end,
          case when replayed then least(s.expires_at, now()) else s.expires_at end
        from (select
          s.refresh_hash = $2::bytea as rotates,
          s.refresh_hash <> $2 and (s.previous_hash is distinct from $2
            or s.rotated_at <= now() - interval '10 seconds') as replayed) as verdict)
    where id = $1::uuid and ${LIVE} and (refresh_hash = $2 or previous_hash = $2 or $4::boolean)
    returning user_id as "userId", amr, refresh_hash as "refreshHash", ended_at is not null as replayed`,
);

const LIST = statement(
  'sessions_list',
  `
    select id, user_agent as "userAgent", ip, authenticated_at as "signedInAt", last_used_at as "lastUsedAt",
      expires_at as "expiresAt", device_id as "deviceId"
    from sessions where user_id = $1 and ${LIVE}
    order by last_used_at desc, id desc limit ${MAX_LISTED}`,
);

/** Every stored session, ended ones too. The id is the order of creation. */
const HISTORY = statement(
  'sessions_history',
  `
    select id, user_agent as "userAgent", ip, authenticated_at as "signedInAt", last_used_at as "lastUsedAt",
      expires_at as "expiresAt", ended_at as "endedAt", end_reason as "endReason", amr, device_id as "deviceId"
    from sessions where user_id = $1::uuid and id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    order by id limit $3::int`,
);

const END_ONE = statement(
  'sessions_end',
  `update sessions set ${ENDED} where id = $1 and user_id = $2 and ${LIVE} returning id`,
);

/** This lock conflicts with the share lock of OPEN. */
const LOCK_USER = statement('sessions_lock_user', 'select from users where id = $1 for no key update');

const END_ALL = statement(
  'sessions_end_all',
  `
  update sessions set ${ENDED} where user_id = $1 and ended_at is null and id is distinct from $2::uuid`,
);

const REMOVE_OLD = statement(
  'sessions_remove_old',
  `
    delete from sessions where id = any (array(
      select id from sessions where expires_at < now() - interval '30 days'
      order by expires_at limit $1 for update skip locked))
    returning 1`,
);

/** Sessions. Whether a session is active is decided by these statements only. */
@Injectable()
export class SessionRepository {
  private readonly liveSessions = new Batch<string, LiveSession>({
    key: (id) => id,
    readOnly: true,
    run: async (ids) => {
      const rows = await this.sql.rows<LiveSession>(CHECK, [ids]);
      return new Map(rows.map((row) => [row.id, row]));
    },
  });

  constructor(private readonly sql: Sql) {}

  /** Null when the user was disabled or changed since the credentials were checked. */
  open(session: NewSession): Promise<OpenedSession | null> {
    return this.sql.row(OPEN, [
      session.userId,
      session.securityStamp,
      session.userAgent ?? null,
      session.presentedDevice?.id ?? null,
      session.presentedDevice?.tokenHash ?? null,
      session.newDevice.id,
      session.newDevice.tokenHash,
      session.id,
      session.refreshHash,
      session.amr,
      session.ip,
      session.lifeSeconds,
    ]);
  }

  /** Null when the session has ended or belongs to another user. */
  async findLive(id: string, userId: string): Promise<LiveSession | null> {
    const session = await this.liveSessions.row(id);
    return session?.userId === userId ? session : null;
  }

  /** Records that an idle session was used. Writes at most once an hour. */
  async touch(id: string): Promise<void> {
    await this.sql.rows(TOUCH, [id]);
  }

  /** Null when the session has ended or the token is not genuine. */
  refresh({ sessionId, presented, successor, isGenuine, userAgent, ip }: Rotation): Promise<Rotated | null> {
    return this.sql.row(REFRESH, [sessionId, presented, successor, isGenuine, userAgent ?? null, ip]);
  }

  list(userId: string): Promise<SessionRow[]> {
    return this.sql.rows(LIST, [userId]);
  }

  history(userId: string, after: string | undefined, count: number): Promise<PastSession[]> {
    return this.sql.rows(HISTORY, [userId, after ?? null, count]);
  }

  /** False when the user has no such active session. */
  async end(id: string, userId: string, reason: string): Promise<boolean> {
    return (await this.sql.row(END_ONE, [id, userId, reason])) !== null;
  }

  /**
   * Waits for the user's sign-ins that are in progress, and makes later ones wait until the
   * transaction ends. The next statement of the transaction sees the sessions that they opened.
   */
  async lockUser(manager: EntityManager, userId: string): Promise<void> {
    await manager.query(LOCK_USER.text, [userId]);
  }

  async endAll(manager: EntityManager, userId: string, reason: string, except?: string): Promise<void> {
    await manager.query(END_ALL.text, [userId, except ?? null, reason]);
  }

  /** Returns the number of removed sessions. */
  async removeOld(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD, [limit])).length;
  }
}
