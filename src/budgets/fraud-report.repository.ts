import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../database/sql.js';
import type { Usage } from './budget-rules.js';

export interface ReportRow extends Usage {
  key: string;
}

export type ReportOrder = 'outstanding' | 'sent';

/**
 * Rows of several kinds of keys, those that count most today first. A kind is a range of the primary
 * key. Windows that have ended count as empty.
 */
const TOP = statement(
  'budget_counters_top',
  `
    select t.* from unnest($1::text[]) as kind,
    lateral (
      select key,
        case when in_hour then hour_sent else 0 end as "hourSent",
        case when in_hour then hour_verified else 0 end as "hourVerified",
        case when in_hour then hour_spent else 0 end as "hourSpent",
        day_sent as "daySent", day_verified as "dayVerified", day_spent as "daySpent", recognised,
        extract(epoch from now() - hour_start)::int as "hourAge",
        extract(epoch from now() - day_start)::int as "dayAge"
      from (
        select *, hour_start > now() - case when kind = 'app:' then interval '1 minute' else interval '1 hour' end
          as in_hour
        from budget_counters
        where key >= rtrim(kind, ':') and key < left(kind, -1) || ';' and day_start > now() - interval '1 day') c
      order by case $2::text when 'sent' then day_sent else greatest(day_sent - day_verified, 0) end desc, key
      limit $3::int) t`,
);

@Injectable()
export class FraudReportRepository {
  constructor(private readonly sql: Sql) {}

  /** Up to `limit` rows of each kind, such as `prefix:`. */
  async top(kinds: string[], order: ReportOrder, limit: number): Promise<ReportRow[]> {
    const rows = await this.sql.rows<ReportRow & Record<string, unknown>>(TOP, [kinds, order, limit]);
    // PostgreSQL's driver returns a bigint as text.
    return rows.map((row) => ({
      ...row,
      hourSpent: Number(row.hourSpent),
      daySpent: Number(row.daySpent),
    }));
  }
}
