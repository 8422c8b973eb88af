import { Injectable } from '@nestjs/common';
import type { Recipient } from '../../common/recipient.js';
import { Sql, statement } from '../../database/sql.js';
import type { SuppressionReason } from './message.js';

/** The first reason stays, but for the one that would be asked again. */
const ADD = statement(
  'suppressions_add',
  `
    insert into suppressions (recipient, reason, provider) values ($1, $2, $3)
    on conflict (recipient) do update set
      reason = excluded.reason, provider = excluded.provider, created_at = now()
    where suppressions.reason = 'refused'`,
);

/** By whoever set it: another vendor's list knows nothing of it. */
const LIFT = statement(
  'suppressions_lift',
  'delete from suppressions where recipient = $1 and provider = $2',
);

/** The addresses that nothing is sent to. */
@Injectable()
export class SuppressionRepository {
  constructor(private readonly sql: Sql) {}

  async add(recipient: Recipient, reason: SuppressionReason, provider: string): Promise<void> {
    await this.sql.rows(ADD, [recipient, reason, provider]);
  }

  async lift(recipient: Recipient, provider: string): Promise<void> {
    await this.sql.rows(LIFT, [recipient, provider]);
  }
}
