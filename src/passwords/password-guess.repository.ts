import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../database/sql.js';

export interface GuessBudget {
  /** Identifies a row of `password_guesses`. */
  subject: string;
  failures: number;
  windowSeconds: number;
}

/**
 * Counts a guess if the budget is not used up. Parallel guesses wait for the row lock of ON
 * CONFLICT, and each re-checks the WHERE on the newest version of the row, so the budget is never
 * exceeded, also when guesses with different limits count in one row.
 */
const SPEND = statement(
  'password_guesses_spend',
  `
    insert into password_guesses as g (subject) values ($1::text)
    on conflict (subject) do update set (failures, window_start) = (
      select case when live then g.failures + 1 else 1 end, case when live then g.window_start else now() end
      from (select g.failures > 0 and g.window_start > now() - make_interval(secs => $3::int)) as state(live))
    where g.failures < $2::int or g.window_start <= now() - make_interval(secs => $3::int)
    returning failures`,
);

/** How long SPEND will refuse guesses. */
const SECONDS_LEFT = statement(
  'password_guesses_seconds_left',
  `
    select ceil(extract(epoch from window_start + make_interval(secs => $2::int) - now()))::int as "secondsLeft"
    from password_guesses where subject = $1`,
);

const REFUND = statement(
  'password_guesses_refund',
  `update password_guesses set failures = failures - 1 where subject = $1 and failures > 0`,
);

/** The right guess itself is counted, so a count above the limit shows that it was reached before. */
const RESET = statement(
  'password_guesses_reset',
  `update password_guesses set failures = case when failures > $2::int then $2 else 0 end where subject = $1`,
);

/** Removes rows whose window has ended. The longest window is a day. */
const REMOVE_OLD = statement(
  'password_guesses_remove_old',
  `
    delete from password_guesses where ctid = any (array(
      select ctid from password_guesses where window_start < now() - interval '1 day'
      order by window_start limit $1 for update skip locked))
    returning 1`,
);

@Injectable()
export class PasswordGuessRepository {
  constructor(private readonly sql: Sql) {}

  /** False when the budget is used up. */
  async spend({ subject, failures, windowSeconds }: GuessBudget): Promise<boolean> {
    return (await this.sql.row(SPEND, [subject, failures, windowSeconds])) !== null;
  }

  async secondsLeft({ subject, windowSeconds }: GuessBudget): Promise<number> {
    const row = await this.sql.row<{ secondsLeft: number }>(SECONDS_LEFT, [subject, windowSeconds]);
    return Math.max(1, row?.secondsLeft ?? 1);
  }

  async refund(subject: string): Promise<void> {
    await this.sql.rows(REFUND, [subject]);
  }

  /** Sets the count to zero, or to `limit` if it had reached that before the right guess. */
  async reset(subject: string, limit: number): Promise<void> {
    await this.sql.rows(RESET, [subject, limit]);
  }

  /** Returns the number of removed rows. */
  async removeOld(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD, [limit])).length;
  }
}
