import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../database/sql.js';
import type { AccountAction } from './account-action.js';

export interface AccountEventRow {
  id: string;
  action: AccountAction;
  succeeded: boolean;
  /** Error code of the refusal, or `test` for a test identity. */
  reason: string | null;
  /** Masked, such as `a•••@example.com`. */
  address: string | null;
  ip: string | null;
  userAgent: string | null;
  /** The application that the request came from. */
  applicationId: string | null;
  at: Date;
}

export interface NewAccountEvent extends Omit<AccountEventRow, 'at'> {
  /** Null if no account owns the address. */
  userId: string | null;
}

const KEPT_DAYS = 90;

/** Rows per hour, action and reason, so that parallel counts rarely wait for each other. */
const SHARDS = 16;

/**
 * CTEs that store the event, or count it if there is no account. Both write one row, so they take
 * equally long. FOR KEY SHARE waits for a deletion of the account in progress and blocks later ones
 * until this commits. So the foreign key cannot fail: if the account is gone, the event is counted.
 */
const RECORD = `
    owner as (select id from users where id = $2::uuid for key share),
    recorded as (
      insert into account_events (id, user_id, action, succeeded, reason, address, ip, user_agent, application_id)
      select $1::uuid, id, $3::text, $4::boolean, $5::text, $6::text, $7::text, $8::text, $9::text from owner),
    counted as (
      insert into anonymous_events as a (hour, action, reason, shard)
      select date_trunc('hour', now()), $3, coalesce($5, ''), floor(random() * ${SHARDS})
      where not exists (select from owner)
      on conflict (hour, action, reason, shard) do update set count = a.count + 1)`;

const ADD = statement(
  'account_events_add',
  `with ${RECORD} select exists (select from owner) as "hasAccount"`,
);

/**
 * ADD for a successful sign-in. Also reports whether the five sign-ins before it were all refused
 * within a day, which may mean that somebody was guessing. The success itself ends such a series,
 * so each series is reported once.
 */
const ADD_SIGN_IN = statement(
  'account_events_add_sign_in',
  `
    with ${RECORD},
    previous as (
      select succeeded, at from account_events where user_id = $2 and action = 'sign_in' order by id desc limit 5)
    select count(*) = 5 and bool_and(not succeeded and at > now() - interval '24 hours') as "afterFailures"
    from previous`,
);

/** Newest first, from the end of the index or from the end of the previous page. */
const LIST = statement(
  'account_events_list',
  `
    select id, action, succeeded, reason, address, ip, user_agent as "userAgent",
      application_id as "applicationId", at from account_events
    where user_id = $1::uuid and id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    order by id desc limit $3::int`,
);

/** SKIP LOCKED lets several processes share the work without waiting for each other. */
const REMOVE_OLD = statement(
  'account_events_remove_old',
  `
    delete from account_events where id = any (array(
      select id from account_events where at < now() - interval '${KEPT_DAYS} days'
      order by at limit $1::int for update skip locked))
    returning 1`,
);

const REMOVE_OLD_COUNTS = statement(
  'anonymous_events_remove_old',
  `
    delete from anonymous_events where ctid = any (array(
      select ctid from anonymous_events where hour < now() - interval '${KEPT_DAYS} days'
      order by hour limit $1::int for update skip locked))
    returning 1`,
);

@Injectable()
export class AccountEventRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns whether there is such an account. Without one, the event is only counted. */
  async add(event: NewAccountEvent): Promise<boolean> {
    const row = await this.sql.row<{ hasAccount: boolean }>(ADD, valuesOf(event));
    return row?.hasAccount ?? false;
  }

  /** Returns whether the sign-in follows a series of refused ones. */
  async addSignIn(event: NewAccountEvent): Promise<boolean> {
    const row = await this.sql.row<{ afterFailures: boolean | null }>(ADD_SIGN_IN, valuesOf(event));
    return row?.afterFailures ?? false;
  }

  list(userId: string, before: string | undefined, count: number): Promise<AccountEventRow[]> {
    return this.sql.rows<AccountEventRow>(LIST, [userId, before ?? null, count]);
  }

  /** Returns the number of removed rows. */
  async removeOld(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD, [limit])).length;
  }

  /** Returns the number of removed counts. */
  async removeOldCounts(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD_COUNTS, [limit])).length;
  }
}

function valuesOf(event: NewAccountEvent): unknown[] {
  const { id, userId, action, succeeded, reason, address, ip, userAgent, applicationId } = event;
  return [id, userId, action, succeeded, reason, address, ip, userAgent, applicationId];
}
