import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Batch } from '../database/batch.js';
import { Sql, statement } from '../database/sql.js';
import type { Role } from '../http/access.js';
import { deviceMatches, type Claimant, type DeviceKey } from './device.repository.js';

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
  network: string;
  program: string | null;
  /** From the device token that the client presented. */
  presentedDevice: DeviceKey | null;
  /** Hash of the token that replaces the presented one, and its salt. */
  nextDevice: { tokenHash: Buffer; salt: string } | null;
  /** Inserted if the presented device is not one of the user's. */
  newDevice: DeviceKey;
}

export interface Rotation {
  sessionId: string;
  /** Hash of the presented token. */
  presented: Buffer;
  /** Hash of the token that replaces it, and the salt from which that token was derived. */
  successor: Buffer;
  successorSalt: string;
  /** Whether this server made the presented token. */
  isGenuine: boolean;
  /** How long the predecessor of a token that was not seen yet may be presented again. */
  retrySeconds: number;
  userAgent?: string;
  ip: string;
  network: string;
  program: string | null;
  /** From the device token that the client presented. */
  presentedDevice: DeviceKey | null;
}

export interface Rotated {
  userId: string;
  amr: string[];
  /** Hash of the token that is valid now, and its salt. */
  refreshHash: Buffer;
  successorSalt: string;
  /** The presented token was a replay, and the session has ended. */
  replayed: boolean;
}

interface LiveSession {
  id: string;
  userId: string;
  /** The user's current roles. */
  roles: Role[];
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
  /** Hash and salt of the newest token of the recognised device. Null for a new device. */
  deviceHash: Buffer | null;
  deviceSalt: string | null;
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
 * device, and has the network and program of the device's last sign-in.
 *
 * Safe against a concurrent password reset, disabling or role change. Such a transaction first
 * raises the security stamp by an UPDATE of the users row, then ends the sessions by a second
 * statement.
 * - If this statement locks the row first, that UPDATE waits for the share lock. The second
 *   statement has a newer snapshot, sees the new session and ends it.
 * - If the UPDATE comes first, this statement waits for its commit, re-checks the WHERE on the
 *   newest version of the row, and finds another security stamp.
 *
 * The device's token is rotated. The presented one becomes the previous one, so a lost reply loses
 * nothing. Parallel sign-ins with one token all get the same next token: the first one stores it,
 * and the others, which waited for the row, find a token that was issued within ten seconds. Later,
 * the previous token replaces a newest one that nobody presented, so a thief cannot keep it.
 */
const OPEN = statement(
  'sessions_open',
  `
    with owner as (
      select id from users where id = $1::uuid and security_stamp = $2::int
        and disabled_at is null and closed_at is null for share),
    recognised as (
      update devices d set
        token_hash = case when d.token_hash = $5 or d.last_used_at <= now() - interval '10 seconds'
          then $15::bytea else d.token_hash end,
        token_salt = case when d.token_hash = $5 or d.last_used_at <= now() - interval '10 seconds'
          then $16::uuid else d.token_salt end,
        previous_hash = $5, last_used_at = now(), user_agent = $3::text, network = $13::text, program = $14::text
      from devices before
      where ${deviceMatches('d', '$4::uuid', '$5::bytea')} and d.last_used_at > now() - interval '180 days'
        and d.user_id = (select id from owner) and before.id = d.id
      returning d.id, d.token_hash, d.token_salt,
        before.network is distinct from $13 and before.program is distinct from $14 as is_elsewhere),
    added as (
      insert into devices (id, user_id, token_hash, user_agent, network, program)
      select $6::uuid, id, $7::bytea, $3, $13, $14 from owner where not exists (select from recognised)
      returning id),
    opened as (
      insert into sessions (id, user_id, device_id, refresh_hash, amr, user_agent, ip, expires_at)
      select $8::uuid, owner.id, device.id, $9::bytea, $10::text[], $3, $11::text,
        now() + make_interval(secs => $12::int)
      from owner, (select id from recognised union all select id from added) as device
      returning device_id, authenticated_at)
    select opened.device_id as "deviceId", opened.authenticated_at as at,
      recognised.token_hash as "deviceHash", recognised.token_salt as "deviceSalt",
      coalesce(recognised.is_elsewhere, exists (select from devices where user_id = $1)) as "isNewDevice"
    from opened left join recognised on true`,
);

/**
 * The roles are the user's and not the token's, so an old or forged token has no more roles than its
 * user.
 */
const CHECK = statement(
  'sessions_check',
  `
    select sessions.id, user_id as "userId", roles,
      authenticated_at > now() - interval '10 minutes' as "recentlyAuthenticated", ${IDLE} as "isIdle"
    from sessions join users on users.id = user_id
    where sessions.id = any ($1::uuid[]) and disabled_at is null and ${LIVE}`,
);

/** The user of a live session, if this user claims the phone number without having verified it. */
const OF_CLAIMANT = statement(
  'sessions_of_claimant',
  `
    select u.id as "userId", u.security_stamp as "securityStamp" from users u
    where u.id = (select user_id from sessions where id = $1 and ${LIVE})
      and u.phone = $2 and u.phone_verified_at is null`,
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
 *   gets the current token again, so a second tab works.
 * - Later, the reply with the current token may have been lost. As long as the current token was not
 *   presented, its predecessor is accepted for `retrySeconds` after the rotation with evidence: the
 *   device token of the session, or the network and program of the last refresh. The caller gets a
 *   new current token, and the lost one becomes invalid. So there is one live token, and if a thief
 *   has read the lost reply, the next use of either token ends the session. Parallel retries within
 *   10 seconds get the same token.
 * - Any other genuine token is a replay: somebody has a copy of it. The session ends (RFC 9700,
 *   section 4.14.2).
 * - A token that is not genuine changes nothing, so knowing a session's id is not enough to end it.
 *
 * Under READ COMMITTED, an UPDATE that waited for the row evaluates its WHERE and CASEs again on
 * the newest version. Of parallel refreshes of one token, the first one rotates it and the others
 * find it as the predecessor; of parallel retries, the others find a token that was just issued. So
 * there is never more than one successor, and an ended session stays ended.
 */
const REFRESH = statement(
  'sessions_refresh',
  `
    update sessions s set
      (refresh_hash, previous_hash, successor_salt, rotated_at, network, program, last_used_at,
        user_agent, ip, ended_at, end_reason, expires_at) = (
        select
          case when rotates or retries then $3::bytea else s.refresh_hash end,
          case when rotates then s.refresh_hash else s.previous_hash end,
          case when rotates or retries then $4::uuid else s.successor_salt end,
          case when rotates then now() else s.rotated_at end,
          case when rotates or retries then $8::text else s.network end,
          case when rotates or retries then $9::text else s.program end,
          case when rotates or retries then now() else s.last_used_at end,
          case when replayed then s.user_agent else $6::text end,
          case when replayed then s.ip else $7::text end,
          case when replayed then now() end,
          case when replayed then 'replay' end,
          case when replayed then least(s.expires_at, now()) else s.expires_at end
        from (
          select s.refresh_hash = $2::bytea as rotates, s.previous_hash is not distinct from $2 as is_previous,
            (s.network = $8 and s.program = $9) is true or exists (
              select from devices d where d.id = s.device_id and ${deviceMatches('d', '$10::uuid', '$11::bytea')}
            ) as has_evidence) as presented,
        lateral (
          select is_previous and (s.rotated_at > now() - interval '10 seconds'
            or has_evidence and s.last_used_at > now() - interval '10 seconds') as repeats) as repetition,
        lateral (
          select is_previous and has_evidence and not repeats
            and s.rotated_at > now() - make_interval(secs => $12::int) as retries) as retry,
        lateral (select not (rotates or repeats or retries) as replayed) as verdict)
    where id = $1::uuid and ${LIVE} and (refresh_hash = $2 or previous_hash = $2 or $5::boolean)
    returning user_id as "userId", amr, refresh_hash as "refreshHash", successor_salt as "successorSalt",
      ended_at is not null as replayed`,
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
      session.network,
      session.program,
      session.nextDevice?.tokenHash ?? null,
      session.nextDevice?.salt ?? null,
    ]);
  }

  /** Null when the session has ended or belongs to another user. */
  async findLive(id: string, userId: string): Promise<LiveSession | null> {
    const session = await this.liveSessions.row(id);
    return session?.userId === userId ? session : null;
  }

  findClaimant(id: string, phone: string): Promise<Claimant | null> {
    return this.sql.row(OF_CLAIMANT, [id, phone]);
  }

  /** Records that an idle session was used. Writes at most once an hour. */
  async touch(id: string): Promise<void> {
    await this.sql.rows(TOUCH, [id]);
  }

  /** Null when the session has ended or the token is not genuine. */
  refresh(rotation: Rotation): Promise<Rotated | null> {
    return this.sql.row(REFRESH, [
      rotation.sessionId,
      rotation.presented,
      rotation.successor,
      rotation.successorSalt,
      rotation.isGenuine,
      rotation.userAgent ?? null,
      rotation.ip,
      rotation.network,
      rotation.program,
      rotation.presentedDevice?.id ?? null,
      rotation.presentedDevice?.tokenHash ?? null,
      rotation.retrySeconds,
    ]);
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
