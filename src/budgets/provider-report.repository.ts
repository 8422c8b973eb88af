import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../database/sql.js';

/** Messages of one provider in one channel. */
export interface ProviderCount {
  /** Null: no provider has been tried yet. */
  provider: string | null;
  channel: string;
  /** Messages that were read, whatever became of them. */
  messages: number;
  sent: number;
  delivered: number;
  /** In millionths of the unit of `PHONE_PRICES`. */
  spent: number;
  /** When the oldest of them was made. */
  since: Date;
}

/**
 * The newest messages of the last day, by provider. An id begins with its time, so this reads the end
 * of the primary key: 50,000 of a million messages take about 0.1 s. A provider that has accepted a
 * message has given it a reference.
 */
const BY_PROVIDER = statement(
  'messages_by_provider',
  `
    select provider, channel, count(*)::int as messages, count(provider_ref)::int as sent,
      count(*) filter (where state = 'delivered')::int as delivered,
      coalesce(sum(coalesce(real_price, price)) filter (where provider_ref is not null), 0)::float8 as spent,
      min(created_at) as since
    from (
      select provider, channel, provider_ref, state, price, real_price, created_at from messages
      where id > (lpad(to_hex((extract(epoch from now() - interval '1 day') * 1000)::bigint), 12, '0')
        || '7000' || repeat('0', 16))::uuid
      order by id desc limit $1::int) newest
    group by provider, channel order by sent desc, provider, channel`,
);

@Injectable()
export class ProviderReportRepository {
  constructor(private readonly sql: Sql) {}

  /** Reads up to `limit` messages. */
  count(limit: number): Promise<ProviderCount[]> {
    return this.sql.rows<ProviderCount & Record<string, unknown>>(BY_PROVIDER, [limit]);
  }
}
