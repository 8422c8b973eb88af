import { Injectable } from '@nestjs/common';
import type { Recipient } from '../../common/recipient.js';
import { Sql, statement } from '../../database/sql.js';
import type { SuppressionReason } from './message.js';

/** Keeps the first reason, except `refused`, which ends after a day. */
const ADD = statement(
  'suppressions_add',
  `
    insert into suppressions (recipient, reason, provider) values ($1, $2, $3)
    on conflict (recipient) do update set
      reason = excluded.reason, provider = excluded.provider, created_at = now()
    where suppressions.reason = 'refused'`,
);

/**
 * Only the provider that added a suppression may lift it. Another vendor's list says nothing about
 * it.
 */
const LIFT = statement(
  'suppressions_lift',
  'delete from suppressions where recipient = $1 and provider = $2',
);

/** The recipients that receive no messages. */
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
