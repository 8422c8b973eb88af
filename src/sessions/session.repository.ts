import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Batch } from '../database/batch.js';
import { Sql, statement } from '../database/sql.js';

export interface NewSession {
  id: string;
  userId: string;
  /** The user's, from when the credentials were checked. */
  stamp: number;
  refreshHash: Buffer;
  lifeSeconds: number;
  amr: string[];
  userAgent?: string;
  ip: string;
  /** The device that the client claims to be, and the one to make if it is not. */
  shownDevice: { id: string; tokenHash: Buffer } | null;
  newDevice: { id: string; tokenHash: Buffer };
}

export interface Rotation {
  sessionId: string;
  shown: Buffer;
  successor: Buffer;
  /** Whether we made the token that is shown. */
  isOurs: boolean;
  userAgent?: string;
  ip: string;
}

export interface Rotated {
  userId: string;
  amr: string[];
  refreshHash: Buffer;
  replayed: boolean;
}

interface LiveSession {
  id: string;
  userId: string;
  fresh: boolean;
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

export interface OpenedSession {
  deviceId: string;
  at: Date;
  /** It is a device that we did not know, and not the user's first. */
  anotherDevice: boolean;
}

/** More than anybody looks through. */
const MAX_LISTED = 100;

const LIVE = `ended_at is null and expires_at > now() and last_used_at > now() - interval '14 days'`;

/** An ended session has expired too, so that one index finds all that is over. */
const ENDED = `ended_at = now(), end_reason = $3::text, expires_at = least(expires_at, now())`;

/**
 * Opens a session on the device shown, if it is the user's, else on a new one, all in one commit; or does nothing,
 * when the user was disabled or the stamp raised since the credentials were checked. Whether it is another device than
 * those the user has is asked of the statement's snapshot, in which the new one is not.
 *
 * Safe against a reset, disable or role change at the same moment: that raises the stamp by an UPDATE of the users
 * row and ends the sessions by a second statement of the same transaction. Either its UPDATE waits for our share lock,
 * and its second statement, with a fresh snapshot, sees our session and ends it; or we wait for its commit, re-check
 * the WHERE on the newest version of the row, and find another stamp.
 */
const OPEN = statement(
  'sessions_open',
  `
    with owner as (
      select id from users where id = $1::uuid and stamp = $2::int and disabled_at is null for share),
    known as (
      update devices set last_used_at = now(), user_agent = $3::text
      where id = $4::uuid and token_hash = $5::bytea and last_used_at > now() - interval '180 days'
        and user_id = (select id from owner)
      returning id),
    made as (
      insert into devices (id, user_id, token_hash, user_agent)
      select $6::uuid, id, $7::bytea, $3 from owner where not exists (select from known)
      returning id)
    insert into sessions (id, user_id, device_id, refresh_hash, amr, user_agent, ip, expires_at)
    select $8::uuid, owner.id, device.id, $9::bytea, $10::text[], $3, $11::text,
      now() + make_interval(secs => $12::int)
    from owner, (select id from known union all select id from made) as device
    returning device_id as "deviceId", authenticated_at as at,
      device_id = $6 and exists (select from devices where user_id = sessions.user_id) as "anotherDevice"`,
);

const CHECK = statement(
  'sessions_check',
  `
    select id, user_id as "userId", authenticated_at > now() - interval '10 minutes' as fresh
    from sessions where id = any ($1::uuid[]) and ${LIVE}`,
);

/**
 * Judges a refresh token and acts on it in one statement:
 * - the one that is good now is rotated;
 * - the one before it, for 10 seconds, changes nothing: its successor is the one that is good now, and whoever asked
 *   twice (a retry, two tabs) gets it again;
 * - any other that we once made is a replay: somebody holds a copy, and the session ends (RFC 9700, section 4.14.2);
 * - what we never made ends nothing, so that knowing a session's id is no way to end it.
 *
 * Under READ COMMITTED an UPDATE that waited for the row re-evaluates its WHERE and its CASEs on the newest version:
 * of parallel refreshes of one token the first rotates and the others find it as the previous one. There is never
 * more than one successor, and what ended meanwhile stays ended.
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

const END_ONE = statement(
  'sessions_end',
  `update sessions set ${ENDED} where id = $1 and user_id = $2 and ${LIVE} returning id`,
);

/** Conflicts with the share lock of OPEN. */
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

/** The statements that decide over sessions. What is live, they say; nothing of it is decided elsewhere. */
@Injectable()
export class SessionRepository {
  private readonly checks = new Batch<string, LiveSession>({
    key: (id) => id,
    readOnly: true,
    run: async (ids) => {
      const rows = await this.sql.rows<LiveSession>(CHECK, [ids]);
      return new Map(rows.map((row) => [row.id, row]));
    },
  });

  constructor(private readonly sql: Sql) {}

  /** Null when the user may not sign in any more. */
  open(session: NewSession): Promise<OpenedSession | null> {
    return this.sql.row(OPEN, [
      session.userId,
      session.stamp,
      session.userAgent ?? null,
      session.shownDevice?.id ?? null,
      session.shownDevice?.tokenHash ?? null,
      session.newDevice.id,
      session.newDevice.tokenHash,
      session.id,
      session.refreshHash,
      session.amr,
      session.ip,
      session.lifeSeconds,
    ]);
  }

  /** Null when it is over, or somebody else's. */
  async check(id: string, userId: string): Promise<{ fresh: boolean } | null> {
    const session = await this.checks.row(id);
    return session?.userId === userId ? { fresh: session.fresh } : null;
  }

  /** Null when there was nothing to refresh. */
  refresh({ sessionId, shown, successor, isOurs, userAgent, ip }: Rotation): Promise<Rotated | null> {
    return this.sql.row(REFRESH, [sessionId, shown, successor, isOurs, userAgent ?? null, ip]);
  }

  list(userId: string): Promise<SessionRow[]> {
    return this.sql.rows(LIST, [userId]);
  }

  /** Whether there was one to end. */
  async end(id: string, userId: string, reason: string): Promise<boolean> {
    return (await this.sql.row(END_ONE, [id, userId, reason])) !== null;
  }

  /**
   * Waits for the sign-ins of a user that are under way, and keeps others waiting until the transaction ends. Its
   * next statement sees all that they made.
   */
  async holdSignIns(manager: EntityManager, userId: string): Promise<void> {
    await manager.query(LOCK_USER.text, [userId]);
  }

  async endAll(manager: EntityManager, userId: string, reason: string, except?: string): Promise<void> {
    await manager.query(END_ALL.text, [userId, except ?? null, reason]);
  }

  /** How many it removed. */
  async removeOld(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD, [limit])).length;
  }
}
