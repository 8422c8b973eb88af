import { Injectable } from '@nestjs/common';
import type { Recipient } from '../common/recipient.js';
import { Sql, statement } from '../database/sql.js';
import { belongsToChallenge } from '../notifier/outbox/message.sql.js';
import type { Channel } from '../notifier/notifier.js';

/** A challenge with the state of its newest message. */
export interface ChallengeStateRow {
  id: string;
  recipient: Recipient;
  purpose: string;
  channel: Channel;
  consumed: boolean;
  expired: boolean;
  expiresAt: Date;
  resendAt: Date;
  attempts: number;
  /** State of the message. */
  state: string;
  /** Why the message failed. */
  failure: string | null;
}

/**
 * `challenges` has no index on `id`. The newest message holds the primary key of its challenge, so
 * both tables are read by index, however many ids are requested.
 */
const STATES = statement(
  'challenges_states',
  `
    select c.id, c.recipient, c.purpose, c.channel, c.consumed_at is not null as consumed, c.expires_at <= now() as expired,
      c.expires_at as "expiresAt", c.resend_at as "resendAt", c.attempts, m.state, m.failure
    from unnest($1::uuid[]) as requested(id)
    cross join lateral (
      select recipient, purpose, lane, challenge_id, state, failure from messages m
      where ${belongsToChallenge('requested.id')} order by created_at desc, id desc limit 1) m
    join challenges c on c.recipient = m.recipient and c.purpose = m.purpose and c.lane = m.lane and c.id = m.challenge_id`,
);

@Injectable()
export class ChallengeStatusRepository {
  constructor(private readonly sql: Sql) {}

  /** Leaves out challenges that do not exist or were replaced by a newer one. */
  states(ids: string[]): Promise<ChallengeStateRow[]> {
    return this.sql.rows<ChallengeStateRow>(STATES, [ids]);
  }
}
