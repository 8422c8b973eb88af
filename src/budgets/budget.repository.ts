import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { LockTimeout } from '../database/batch.js';
import { Sql, statement } from '../database/sql.js';
import type { CreditKeys, SendKeys } from './budget-keys.js';
import type { Counter } from './send-ledger.js';

export interface SendCount {
  keys: SendKeys;
  /** 1 counts a message, -1 gives it back, and 0 only reads what is counted. */
  weight: 1 | 0 | -1;
  isRecognised: boolean;
}

/** What a batch adds to a row that does not depend on the recipient: messages, verdicts and money. */
export interface Entry {
  key: string;
  sent: number;
  spent: number;
}

type CounterRow = Counter & { key: string };

/**
 * Like `withLockTimeout`, and commits without waiting for the disk: a crash of the database loses the
 * counts of its last milliseconds, and nothing else. Local to the statement, too.
 */
const withSettings = (lockTimeout: string) => `settings as materialized (
      select set_config('lock_timeout', ${lockTimeout}::text, true), set_config('synchronous_commit', 'off', true))`;

const HOUR = `case when left(c.key, 4) = 'app:' then interval '1 minute' else interval '1 hour' end`;
const IN_HOUR = `c.hour_start > now() - ${HOUR}`;
const IN_DAY = `c.day_start > now() - interval '1 day'`;
/** For the row of a recipient. */
const LIVE_HOUR = `c.hour_start > now() - interval '1 hour'`;
const REFUND = 'excluded.fresh < 0';
const sum = (column: string, inWindow: string) =>
  `${column} = greatest(excluded.${column} + case when ${inWindow} then c.${column} else 0 end, 0)`;

/** Adds to a row, or begins its windows anew if they have ended. */
const ADD = `on conflict (key) do update set
        hour_start = case when ${IN_HOUR} then c.hour_start else now() end,
        ${['hour_sent', 'hour_verified', 'hour_spent'].map((column) => sum(column, IN_HOUR)).join(',\n        ')},
        day_start = case when ${IN_DAY} then c.day_start else now() end,
        ${['day_sent', 'day_verified', 'day_spent'].map((column) => sum(column, IN_DAY)).join(',\n        ')}`;

const AGES = `extract(epoch from now() - c.hour_start)::int as hour_age, extract(epoch from now() - c.day_start)::int as day_age`;

/**
 * Counts a batch of messages, gives back others, and only reads what is counted for the rest, in one
 * statement.
 *
 * The row of a recipient counts its messages. It also decides whether the message counts in the rows
 * of its network, prefix and country, because those count each recipient once: only the first
 * message of the recipient's hour and day does, and the first one of each network until a right code.
 * `fresh` says which of them were counted (1 hour, 2 day, 4 network, 8 wide network), or would be for
 * a message that is not counted. It is negative for a message that is given back. It is given back to a scope only if it was the recipient's last one.
 *
 * Safe under concurrency: ON CONFLICT waits for the row lock and adds to the newest version of the
 * row, so the totals that are returned include everything that was counted before, in any process.
 * Rows are locked in one order: recipients by key, then scopes by key. A recipient occurs once in a
 * batch.
 */
const CHARGE = statement(
  'budget_counters_charge',
  `
    with ${withSettings('$11')},
    requested as materialized (
      select r.* from settings, unnest(
        $1::text[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[])
      as r(key, weight, recognised, network, wide, prefix, country)),
    recipients as (
      insert into budget_counters as c (key, hour_sent, day_sent, recognised, members, fresh)
      select key, greatest(weight, 0), greatest(weight, 0), recognised * abs(weight),
        case when weight = 0 then '{}' else array_remove(array[network, wide], null) end,
        weight * case when network is null then 3 when wide is null then 7 else 15 end
      from requested order by key
      on conflict (key) do update set
        hour_start = case when ${REFUND} or ${LIVE_HOUR} then c.hour_start else now() end,
        hour_sent = case when ${REFUND} then greatest(c.hour_sent - 1, 0) when ${LIVE_HOUR} then c.hour_sent + excluded.hour_sent else excluded.hour_sent end,
        hour_verified = case when ${REFUND} or ${LIVE_HOUR} then c.hour_verified else 0 end,
        day_start = case when ${REFUND} or ${IN_DAY} then c.day_start else now() end,
        day_sent = case when ${REFUND} then greatest(c.day_sent - 1, 0) when ${IN_DAY} then c.day_sent + excluded.day_sent else excluded.day_sent end,
        day_verified = case when ${REFUND} or ${IN_DAY} then c.day_verified else 0 end,
        recognised = case when ${REFUND} then greatest(c.recognised - excluded.recognised, 0)
          when ${IN_DAY} then c.recognised + excluded.recognised else excluded.recognised end,
        members = case
          when ${REFUND} and c.hour_sent > 1 then c.members
          when ${REFUND} then array_remove(array_remove(c.members, excluded.members[1]), excluded.members[2])
          when not ${LIVE_HOUR} then excluded.members
          when c.hour_verified > 0 or c.members @> excluded.members then c.members
          when excluded.members[2] = any (c.members) then c.members || excluded.members[1]
          else c.members || excluded.members end,
        fresh = case
          when excluded.fresh = 0 then 0
          when ${REFUND} then -((c.hour_sent = 1)::int + 2 * (c.day_sent = 1)::int
            + 4 * (excluded.fresh <= -7 and c.hour_sent = 1 and excluded.members[1] = any (c.members))::int
            + 8 * (excluded.fresh = -15 and c.hour_sent = 1 and excluded.members[2] = any (c.members))::int)
          when not ${LIVE_HOUR} then excluded.fresh - 2 * (${IN_DAY} and c.day_sent > 0)::int
          else (c.hour_sent = 0)::int + 2 * (not ${IN_DAY} or c.day_sent = 0)::int
            + 4 * (excluded.fresh >= 7 and c.hour_verified = 0 and excluded.members[1] <> all (c.members))::int
            + 8 * (excluded.fresh = 15 and c.hour_verified = 0 and excluded.members[2] <> all (c.members))::int end
      returning c.key, c.hour_sent, c.hour_verified, c.day_sent, c.day_verified, c.recognised, c.fresh, c.members, ${AGES}),
    scoped as (
      select s.key, s.hour, s.day, 0 as spent
      from (select key, abs(fresh) as bits, sign(fresh)::int as sign from recipients) counted
      join requested r using (key)
      cross join lateral (values
        (r.network, sign * (bits >> 2 & 1), sign * (bits >> 2 & 1)),
        (r.wide, sign * (bits >> 3 & 1), sign * (bits >> 3 & 1)),
        (r.prefix, sign * (bits & 1), sign * (bits >> 1 & 1)),
        (r.country, sign * (bits & 1), sign * (bits >> 1 & 1))) as s(key, hour, day)
      where s.key is not null
      union all
      select * from unnest($8::text[], $9::int[], $9::int[], $10::bigint[])),
    scopes as (
      insert into budget_counters as c (key, hour_sent, day_sent, hour_spent, day_spent)
      select key, sum(hour), sum(day), sum(spent), sum(spent) from scoped group by key order by key
      ${ADD}
      returning c.key, c.hour_sent, c.hour_verified, c.hour_spent, c.day_sent, c.day_verified, c.day_spent, ${AGES})
    select key, hour_sent as "hourSent", hour_verified as "hourVerified", hour_spent as "hourSpent",
      day_sent as "daySent", day_verified as "dayVerified", day_spent as "daySpent", 0 as recognised, 0 as fresh,
      hour_age as "hourAge", day_age as "dayAge"
    from scopes
    union all
    select key, hour_sent, hour_verified, 0, day_sent, day_verified, 0, t.recognised,
      case when weight <> 0 then fresh else (hour_sent = 0)::int + 2 * (day_sent = 0)::int
        + 4 * (network is not null and hour_verified = 0 and network <> all (members))::int
        + 8 * (wide is not null and hour_verified = 0 and wide <> all (members))::int end,
      hour_age, day_age
    from recipients t join requested using (key)`,
);

/**
 * Credits right codes. The first one of a recipient's hour and day is credited to its prefix and
 * country, and the first one of the hour to the networks that asked for messages to it. The row lock
 * of the recipient makes exactly one of several parallel credits the first one. The order of locks is
 * that of CHARGE.
 */
const CREDIT = statement(
  'budget_counters_credit',
  `
    with ${withSettings('$4')},
    verified as materialized (
      select v.* from settings, unnest($1::text[], $2::text[], $3::text[]) as v(key, prefix, country)),
    recipients as (
      update budget_counters c set hour_verified = c.hour_verified + 1, day_verified = c.day_verified + 1
      from verified v where c.key = any ($1) and c.key = v.key and c.day_sent > 0
      returning c.key, (c.hour_verified = 1)::int as hour, (c.day_verified = 1)::int as day, c.members, v.prefix, v.country),
    scoped as (
      select unnest(members) as key, hour, hour as day from recipients
      union all select prefix, hour, day from recipients
      union all select country, hour, day from recipients),
    scopes as (
      insert into budget_counters as c (key, hour_verified, day_verified)
      select key, sum(hour), sum(day) from scoped where key is not null group by key
      having sum(hour) + sum(day) > 0 order by key
      ${ADD})
    select key from recipients`,
);

/**
 * Counts a guess if the budget is not used up. Parallel guesses wait for the row lock of ON CONFLICT,
 * and each re-checks the WHERE on the newest version of the row, so the budget is never exceeded,
 * also when guesses with different limits count in one row.
 */
const SPEND = statement(
  'budget_counters_spend',
  `
    insert into budget_counters as c (key, day_sent) values ($1::text, 1)
    on conflict (key) do update set (day_sent, day_start) = (
      select case when live then c.day_sent + 1 else 1 end, case when live then c.day_start else now() end
      from (select c.day_sent > 0 and c.day_start > now() - make_interval(secs => $3::int)) as state(live))
    where c.day_sent < $2::int or c.day_start <= now() - make_interval(secs => $3::int)
    returning 1`,
);

/** How many guesses are counted, and until when. */
const READ_GUESSES = statement(
  'budget_counters_read_guesses',
  `
    select day_sent as used,
      ceil(extract(epoch from day_start + make_interval(secs => $2::int) - now()))::int as "secondsLeft"
    from budget_counters where key = $1`,
);

const GIVE_BACK = statement(
  'budget_counters_give_back',
  `update budget_counters set day_sent = day_sent - 1 where key = $1 and day_sent > 0`,
);

/** The right guess itself is counted, so a count above the limit shows that it was reached before. */
const RESET_GUESSES = statement(
  'budget_counters_reset_guesses',
  `update budget_counters set day_sent = case when day_sent > $2::int then $2 else 0 end where key = $1`,
);

/**
 * Adds an address to those that an account asked to change to. The row lock makes the limit exact. An
 * address that is asked for again costs nothing.
 */
const ADD_ADDRESS = statement(
  'budget_counters_add_address',
  `
    insert into budget_counters as c (key, members) values ($1::text, array[$2::text])
    on conflict (key) do update set
      members = case when ${IN_DAY} then array(select unnest(c.members) union select $2) else array[$2] end,
      day_start = case when ${IN_DAY} then c.day_start else now() end
    where not ${IN_DAY} or c.members @> array[$2] or cardinality(c.members) < $3::int
    returning 1`,
);

/**
 * A window that began after the message does not count it. Locks the rows in the order of CHARGE, so
 * that the two do not deadlock.
 */
const ADD_SPENT = statement(
  'budget_counters_add_spent',
  `
    with charged as (
      select c.key from unnest($1::text[]) as charged(key) join budget_counters c on c.key = charged.key
      order by charged.key for update of c)
    update budget_counters c set
      hour_spent = case when hour_start <= $3::timestamptz then greatest(hour_spent + $2::int, 0) else hour_spent end,
      day_spent = case when day_start <= $3 then greatest(day_spent + $2, 0) else day_spent end
    from charged where c.key = any ($1) and c.key = charged.key`,
);

const REMOVE = statement(
  'budget_counters_remove',
  'delete from budget_counters where key = any ($1::text[])',
);

/**
 * Examines the next rows in the order of keys, and removes those whose windows have ended. Rows that
 * are locked are in use. This needs no index on a column that changes.
 */
const REMOVE_OLD = statement(
  'budget_counters_remove_old',
  `
    with page as (select key from budget_counters where key > $1::text order by key limit $2::int),
    removed as (
      delete from budget_counters where ctid = any (array(
        select ctid from budget_counters
        where key > $1 and key <= (select max(key) from page) and day_start < now() - interval '1 day'
          and hour_start < now() - interval '1 hour'
        for update skip locked)))
    select max(key) as last from page`,
);

/** Where SPEND counts, and up to what. */
export interface GuessBudget {
  key: string;
  guesses: number;
  windowSeconds: number;
}

@Injectable()
export class BudgetRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns the rows that changed, by key. */
  async charge(
    counts: SendCount[],
    entries: Entry[],
    lockTimeout: LockTimeout,
  ): Promise<Map<string, Counter>> {
    const rows = await this.sql.rows<CounterRow & Record<string, unknown>>(CHARGE, [
      counts.map(({ keys }) => keys.recipient),
      counts.map(({ weight }) => weight),
      counts.map(({ isRecognised }) => Number(isRecognised)),
      counts.map(({ keys }) => keys.network),
      counts.map(({ keys }) => keys.wideNetwork),
      counts.map(({ keys }) => keys.prefix),
      counts.map(({ keys }) => keys.country),
      entries.map(({ key }) => key),
      entries.map(({ sent }) => sent),
      entries.map(({ spent }) => spent),
      lockTimeout,
    ]);
    // PostgreSQL's driver returns a bigint as text.
    return new Map(
      rows.map((row) => [
        row.key,
        { ...row, hourSpent: Number(row.hourSpent), daySpent: Number(row.daySpent) },
      ]),
    );
  }

  /** Returns the keys of the recipients that a message was counted for. */
  async credit(credits: CreditKeys[], lockTimeout: LockTimeout): Promise<string[]> {
    const rows = await this.sql.rows<{ key: string }>(CREDIT, [
      credits.map(({ recipient }) => recipient),
      credits.map(({ prefix }) => prefix),
      credits.map(({ country }) => country),
      lockTimeout,
    ]);
    return rows.map(({ key }) => key);
  }

  /** False when the budget is used up. */
  async spend({ key, guesses, windowSeconds }: GuessBudget): Promise<boolean> {
    return (await this.sql.row(SPEND, [key, guesses, windowSeconds])) !== null;
  }

  /** The guesses in the window, and the seconds until it ends. */
  async readGuesses(key: string, windowSeconds: number): Promise<{ used: number; secondsLeft: number }> {
    const row = await this.sql.row<{ used: number; secondsLeft: number }>(READ_GUESSES, [key, windowSeconds]);
    return { used: row?.used ?? 0, secondsLeft: Math.max(1, row?.secondsLeft ?? 1) };
  }

  async giveBack(key: string): Promise<void> {
    await this.sql.rows(GIVE_BACK, [key]);
  }

  /** Sets the count to zero, or to `limit` if it had reached that before the right guess. */
  async resetGuesses(key: string, limit: number): Promise<void> {
    await this.sql.rows(RESET_GUESSES, [key, limit]);
  }

  /** False if the account has asked for `limit` other addresses in the day. */
  async addAddress(key: string, recipient: string, limit: number): Promise<boolean> {
    return (await this.sql.row(ADD_ADDRESS, [key, recipient, limit])) !== null;
  }

  async addSpent(keys: string[], difference: number, chargedAt: Date): Promise<void> {
    await this.sql.rows(ADD_SPENT, [keys, difference, chargedAt]);
  }

  async remove(keys: string[], manager?: EntityManager): Promise<void> {
    await (manager ? manager.query(REMOVE.text, [keys]) : this.sql.rows(REMOVE, [keys]));
  }

  /** Returns the last key that was examined; null at the end of the table. */
  async removeOld(after: string, limit: number): Promise<string | null> {
    const row = await this.sql.row<{ last: string | null }>(REMOVE_OLD, [after, limit]);
    return row?.last ?? null;
  }
}
