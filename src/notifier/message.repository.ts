import { Injectable } from '@nestjs/common';
import { Sql, type Statement } from '../database/sql.js';
import type { Channel, Delivery, LeasedMessage } from './notifier.js';
import { LEASE_SECONDS } from './notifier.js';

/** What became of one attempt. */
export interface Outcome {
  id: string;
  state: 'queued' | 'sent' | 'failed' | 'expired';
  /** Seconds until the next attempt; for `queued`. */
  retryIn?: number;
  failure?: string;
  provider?: string;
  providerRef?: string;
}

/**
 * Takes a channel's due messages: those whose sender died, and retries. SKIP LOCKED lets processes share the work
 * without waiting, and the new due time is the lease that keeps the others away. What is past its life ends here, so
 * nothing is sent after it expired, and so does what would only confuse: a code that was used, exhausted or replaced
 * meanwhile, or that a newer message repeats.
 */
const CLAIM: Statement = {
  name: 'messages_claim',
  text: `
    with due as (
      select m.id, case
        when m.expires_at <= now() then 'expired'
        when exists (select from messages newer
            where newer.challenge_id = m.challenge_id and newer.created_at > m.created_at)
          or not exists (select from challenges c
            where c.recipient = m.recipient and c.purpose = m.purpose and c.lane = m.lane
              and c.id = m.challenge_id and c.code_sealed is not null)
          then 'superseded'
        else 'sending' end as next_state
      from messages m
      where m.channel = $1 and m.state in ('queued', 'sending') and m.due_at <= now()
      order by m.due_at limit $2 for update of m skip locked),
    claimed as (
      update messages m set
        state = due.next_state,
        sealed = case due.next_state when 'sending' then m.sealed end,
        attempts = case due.next_state when 'sending' then m.attempts + 1 else m.attempts end,
        finished_at = case when due.next_state <> 'sending' then now() end,
        due_at = now() + make_interval(secs => ${LEASE_SECONDS})
      from due where m.id = due.id
      returning m.*)
    select id, recipient, purpose, lane, channel, template, sealed, attempts,
      extract(epoch from expires_at - now())::float8 as "secondsLeft", state
    from claimed`,
};

/**
 * Writes a batch of outcomes. Only a message that is still being sent changes, so a final state stays final and a
 * late answer of a process that lost its lease changes nothing.
 */
const FINISH: Statement = {
  name: 'messages_finish',
  text: `
    update messages m set
      state = o.state,
      sealed = case when o.state = 'queued' then m.sealed end,
      due_at = now() + make_interval(secs => o.retry_in),
      finished_at = case when o.state = 'queued' then null else now() end,
      failure = o.failure, provider = o.provider, provider_ref = o.provider_ref
    from unnest($1::uuid[], $2::text[], $3::float8[], $4::text[], $5::text[], $6::text[])
      as o(id, state, retry_in, failure, provider, provider_ref)
    where m.id = o.id and m.state = 'sending'`,
};

/** Gives leased messages back, for another process to take at once. */
const HAND_BACK: Statement = {
  name: 'messages_hand_back',
  text: `update messages set state = 'queued', due_at = now(), attempts = attempts - 1
    where id = any($1::uuid[]) and state = 'sending'`,
};

const DELIVERY: Statement = {
  name: 'messages_delivery',
  text: `select recipient, purpose, lane, state, failure from messages
    where challenge_id = $1 order by created_at desc, id desc limit 1`,
};

/** The outbox table. Rows are written by the statements of those who have something to say. */
@Injectable()
export class MessageRepository {
  constructor(private readonly sql: Sql) {}

  /** Up to `limit` due messages of a channel, now leased to this process, and how many were looked at. */
  async claim(channel: Channel, limit: number): Promise<{ messages: LeasedMessage[]; seen: number }> {
    const rows = await this.sql.rows<LeasedMessage & { state: string }>(CLAIM, [channel, limit]);
    return { messages: rows.filter(({ state }) => state === 'sending'), seen: rows.length };
  }

  async finish(outcomes: Outcome[]): Promise<void> {
    await this.sql.rows(FINISH, [
      outcomes.map(({ id }) => id),
      outcomes.map(({ state }) => state),
      outcomes.map(({ retryIn }) => retryIn ?? 0),
      outcomes.map(({ failure }) => failure ?? null),
      outcomes.map(({ provider }) => provider ?? null),
      outcomes.map(({ providerRef }) => providerRef ?? null),
    ]);
  }

  async handBack(ids: string[]): Promise<void> {
    await this.sql.rows(HAND_BACK, [ids]);
  }

  deliveryOf(challengeId: string): Promise<Delivery | null> {
    return this.sql.row<Delivery>(DELIVERY, [challengeId]);
  }
}
