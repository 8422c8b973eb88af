import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../database/sql.js';

/** Identifies a row of `password_guesses`. */
export interface GuessKey {
  subject: string;
  lane: string;
}

export interface GuessBudget extends GuessKey {
  failures: number;
  windowSeconds: number;
}

/**
 * Counts a guess if the budget is not used up. Parallel guesses wait for the row lock of ON
 * CONFLICT, and each re-checks the WHERE on the newest version of the row, so the budget is never
 * exceeded.
 */
const SPEND = statement(
  'password_guesses_spend',
  `
    insert into password_guesses as g (subject, lane) values ($1::text, $2::text)
    on conflict (subject, lane) do update set
      failures = case when g.window_start > now() - make_interval(secs => $4::int) then g.failures + 1 else 1 end,
      window_start = case when g.window_start > now() - make_interval(secs => $4::int) then g.window_start else now() end
    where g.failures < $3::int or g.window_start <= now() - make_interval(secs => $4::int)
    returning failures`,
);

/** How long SPEND will refuse guesses. */
const SECONDS_LEFT = statement(
  'password_guesses_seconds_left',
  `
    select ceil(extract(epoch from window_start + make_interval(secs => $3::int) - now()))::int as "secondsLeft"
    from password_guesses where subject = $1 and lane = $2`,
);

const REFUND = statement(
  'password_guesses_refund',
  `update password_guesses set failures = failures - 1 where subject = $1 and lane = $2 and failures > 0`,
);

const RESET = statement(
  'password_guesses_reset',
  `delete from password_guesses where subject = $1 and lane = $2`,
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
  async spend({ subject, lane, failures, windowSeconds }: GuessBudget): Promise<boolean> {
    return (await this.sql.row(SPEND, [subject, lane, failures, windowSeconds])) !== null;
  }

  async secondsLeft({ subject, lane, windowSeconds }: GuessBudget): Promise<number> {
    const row = await this.sql.row<{ secondsLeft: number }>(SECONDS_LEFT, [subject, lane, windowSeconds]);
    return Math.max(1, row?.secondsLeft ?? 1);
  }

  async refund({ subject, lane }: GuessKey): Promise<void> {
    await this.sql.rows(REFUND, [subject, lane]);
  }

  async reset({ subject, lane }: GuessKey): Promise<void> {
    await this.sql.rows(RESET, [subject, lane]);
  }

  /** Returns the number of removed rows. */
  async removeOld(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD, [limit])).length;
  }
}
