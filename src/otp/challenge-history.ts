import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Recipient } from '../common/recipient.js';
import { Sql, statement } from '../database/sql.js';

/** The latest challenge of a purpose and lane, with the guesses that were used. */
export interface ChallengeHistoryRow {
  id: string;
  recipient: Recipient;
  purpose: string;
  lane: string;
  channel: string;
  issuedAt: Date;
  expiresAt: Date;
  consumedAt: Date | null;
  expired: boolean;
  attempts: number;
  applicationId: string | null;
  metadata: Record<string, string> | null;
  resendAt: Date;
  inCooldown: boolean;
  /** Wrong guesses in the current day, for this purpose and lane. */
  failures: number;
  failuresEndAt: Date | null;
}

/** Counts failures by the same rules as the statements that enforce the limits. */
const OF_RECIPIENT = statement(
  'challenges_of_recipient',
  `
    select id, recipient, purpose, lane, channel, issued_at as "issuedAt", expires_at as "expiresAt",
      consumed_at as "consumedAt", expires_at <= now() as expired, attempts,
      application_id as "applicationId", metadata, resend_at as "resendAt",
      consumed_at is null and resend_at > now() as "inCooldown",
      case when failures_since > now() - interval '1 day' then failures else 0 end as failures,
      case when failures > 0 and failures_since > now() - interval '1 day'
        then failures_since + interval '1 day' end as "failuresEndAt"
    from challenges where recipient = $1
    order by issued_at desc, id desc`,
);

/**
 * Resets wrong guesses and the cooldown for the given purpose only, or for all if none is given. A
 * live code stays live and keeps its count of attempts.
 */
const UNBLOCK = statement(
  'challenges_unblock',
  `
  with unblocked as (
    update challenges set
      failures = 0,
      resend_at = least(resend_at, now())
    where recipient = $1 and ($2::text is null or purpose = $2)
    returning 1)
  select count(*)::int as count from unblocked`,
);

@Injectable()
export class ChallengeHistory {
  constructor(private readonly sql: Sql) {}

  /** Newest first. */
  ofRecipient(recipient: Recipient): Promise<ChallengeHistoryRow[]> {
    return this.sql.rows<ChallengeHistoryRow>(OF_RECIPIENT, [recipient]);
  }

  /** Resets guesses and cooldown. Returns the number of challenges it updated. */
  async unblock(manager: EntityManager, recipient: Recipient, purpose?: string): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(UNBLOCK.text, [recipient, purpose ?? null]);
    return row?.count ?? 0;
  }
}
