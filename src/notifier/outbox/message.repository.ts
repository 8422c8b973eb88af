import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { MessageEvent } from '../../metrics/metrics.js';
import { Sql, statement } from '../../database/sql.js';
import { CHANNEL_UNDELIVERABLE, isSuppressedByVendor } from './failure-reasons.js';
import { logEntry, logEndsWith, NEXT_STATE, recordUndeliverable } from './message.sql.js';
import { LEASE_SECONDS, isSuppressed, type Channel, type LeasedMessage } from '../notifier.js';

/** A message that any process may send. */
export interface QueuedMessage extends Omit<LeasedMessage, 'secondsLeft' | 'attempts' | 'lastProvider'> {
  lifeSeconds: number;
  /** Null: no application caused it. */
  applicationId: string | null;
}

/** The outcome of one attempt. */
export interface Outcome {
  id: string;
  state: 'queued' | 'sent' | 'failed' | 'expired';
  /** Seconds until the next attempt; for `queued`. */
  retryIn?: number;
  /**
   * For `sent`: seconds to wait for a receipt before the next provider is tried. Absent if there is
   * none.
   */
  awaitReceiptSeconds?: number;
  failure?: string;
  provider?: string;
  providerRef?: string;
}

interface ClaimedMessage extends LeasedMessage {
  state: string;
  /** The event that the claim logged; null if none. */
  event: string | null;
  reason: string | null;
}

/** The condition of the sweep. A message is unfinished as long as it has its content. */
const DUE = `m.channel = $1 and m.sealed is not null and m.state in ('queued', 'sending', 'sent') and m.due_at <= now()`;

/**
 * Leases the due messages of a channel: notices, retries, messages of a process that died, and
 * messages without a receipt. SKIP LOCKED lets processes share the work without waiting, and the
 * new due time is the lease. Codes come first, so that none waits behind a thousand notices. A
 * message without a reason to be sent ends here. One that was sent before stays `sent` and loses
 * its content.
 */
const CLAIM = statement(
  'messages_claim',
  `
    with codes as (
      select m.id, m.state as previous_state, ${NEXT_STATE} as next_state
      from messages m where ${DUE} and m.challenge_id is not null
      order by m.due_at limit $2::int for update of m skip locked),
    notices as (
      select m.id, m.state as previous_state, ${NEXT_STATE} as next_state
      from messages m where ${DUE} and m.challenge_id is null
      order by m.due_at limit least($3::int, $2::int - (select count(*) from codes)) for update of m skip locked),
    due as (table codes union all table notices),
    claimed as (
      update messages m set
        state = case when m.state = 'sent' and due.next_state <> 'sending' then 'sent' else due.next_state end,
        sealed = case due.next_state when 'sending' then m.sealed end,
        attempts = case due.next_state when 'sending' then m.attempts + 1 else m.attempts end,
        failure = case when m.state <> 'sent' and due.next_state = 'failed'
          then coalesce(m.failure, 'suppressed') else m.failure end,
        finished_at = case when due.next_state <> 'sending' then now() end,
        due_at = now() + make_interval(secs => ${LEASE_SECONDS}),
        log = case
          when m.state = 'sent' and due.next_state = 'sending'
            then m.log || ${logEntry(`'no_receipt'`, 'm.provider', 'null', 'm.provider_ref')}
          when m.state <> 'sent' and due.next_state <> 'sending' then m.log || ${logEntry('due.next_state')}
          else m.log end
      from due where m.id = due.id
      returning m.*, due.previous_state)
    select id, recipient, purpose, lane, channel, template, sealed, attempts, provider as "lastProvider",
      from_device as "fromDevice",
      extract(epoch from expires_at - now())::float8 as "secondsLeft", state, failure as reason,
      case when previous_state = 'sent' and state = 'sending' then 'no_receipt'
        when previous_state <> 'sent' and state <> 'sending' then state end as event
    from claimed`,
);

/** A notice to a suppressed recipient is recorded as failed and never sent. */
const QUEUE = statement(
  'messages_queue',
  `
    insert into messages
      (id, recipient, purpose, lane, channel, template, sealed, state, failure, due_at, expires_at, finished_at,
        application_id)
    select $1, $2, $3, $4, $5, $6, case when not suppressed then $7::bytea end,
      case when suppressed then 'failed' else 'queued' end, case when suppressed then 'suppressed' end,
      now(), now() + make_interval(secs => $8::float8), case when suppressed then now() end, $9::text
    from (select ${isSuppressed('$2::text')} as suppressed) recipient`,
);

/** Whether a receipt that says "failed" arrived before the vendor's answer to the same request. */
const FAILED_BY_RECEIPT = `o.state = 'sent' and ${logEndsWith(`'failed'`, 'o.provider_ref')}`;

/**
 * Writes a batch of outcomes. Only messages in state `sending` change, so final states stay final,
 * and a late answer to a process that lost its lease changes nothing. A message with another
 * attempt ahead keeps its content. Refusals by a vendor's suppression list are recorded, in the
 * order of the recipients, so that concurrent batches do not deadlock. A message that failed because
 * its channel does not reach the number ends the wait for other channels.
 */
const FINISH = statement(
  'messages_finish',
  `
    with outcomes as (
      select * from unnest($1::uuid[], $2::text[], $3::float8[], $4::text[], $5::text[], $6::text[], $7::boolean[])
        as o(id, state, delay, failure, provider, provider_ref, refused)),
    finished as (
      update messages m set
        state = case when not (${FAILED_BY_RECEIPT}) then o.state when o.delay is null then 'failed' else 'queued' end,
        sealed = case when o.delay is not null then m.sealed end,
        due_at = now() + make_interval(secs => case when ${FAILED_BY_RECEIPT} then 0 else coalesce(o.delay, 0) end),
        finished_at = case when o.delay is null then now() end,
        failure = case when ${FAILED_BY_RECEIPT} then m.failure else o.failure end,
        provider = o.provider, provider_ref = o.provider_ref,
        log = m.log || ${logEntry(
          `case o.state when 'queued' then 'retry' else o.state end`,
          'o.provider',
          'o.failure',
          'o.provider_ref',
        )}
      from outcomes o where m.id = o.id and m.state = 'sending'
      returning m.*),
    -- reads the locked messages, so that an erasure in progress leaves no suppression behind
    suppressed as (
      insert into suppressions (recipient, reason, provider)
      select distinct on (f.recipient) f.recipient, 'refused', o.provider
      from outcomes o join finished f on f.id = o.id where o.refused order by f.recipient
      on conflict (recipient) do update set created_at = now() where suppressions.reason = 'refused'),
    ${recordUndeliverable('finished', '$8')}
    select 1 where false`,
);

/** Ends the lease of messages, so that another process can take them at once. */
const HAND_BACK = statement(
  'messages_hand_back',
  `update messages set state = 'queued', due_at = now(), attempts = attempts - 1
    where id = any($1::uuid[]) and state = 'sending'`,
);

/**
 * With an array the planner uses the index. With IN it may scan the table, because it does not know
 * the size of the batch.
 */
const REMOVE_OLD = statement(
  'messages_remove_old',
  `
    delete from messages where id = any (array(
      select id from messages where finished_at < now() - make_interval(days => $1::int)
      order by finished_at limit $2::int for update skip locked))
    returning 1`,
);

/**
 * The outbox table. The statement in `otp` that creates a code also writes the row of its message.
 */
@Injectable()
export class MessageRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * Leases up to `limit` due messages of a channel to this process. Also returns the events that
   * this logged and the number of messages examined.
   */
  async claim(
    channel: Channel,
    limit: number,
    noticeLimit: number,
  ): Promise<{ messages: LeasedMessage[]; events: MessageEvent[]; examined: number }> {
    const rows = await this.sql.rows<ClaimedMessage>(CLAIM, [channel, limit, noticeLimit]);
    return {
      messages: rows.filter(({ state }) => state === 'sending'),
      events: rows.flatMap(({ event, reason, lastProvider: provider }) =>
        event === null ? [] : { channel, event, provider, reason },
      ),
      examined: rows.length,
    };
  }

  async queue(message: QueuedMessage, manager?: EntityManager): Promise<void> {
    const { id, recipient, purpose, lane, channel, template, sealed, lifeSeconds, applicationId } = message;
    const values = [id, recipient, purpose, lane, channel, template, sealed, lifeSeconds, applicationId];
    await (manager ? manager.query(QUEUE.text, values) : this.sql.rows(QUEUE, values));
  }

  async finish(outcomes: Outcome[]): Promise<void> {
    await this.sql.rows(FINISH, [
      outcomes.map(({ id }) => id),
      outcomes.map(({ state }) => state),
      outcomes.map(({ state, retryIn, awaitReceiptSeconds }) =>
        state === 'queued' ? (retryIn ?? 0) : state === 'sent' ? (awaitReceiptSeconds ?? null) : null,
      ),
      outcomes.map(({ failure }) => failure ?? null),
      outcomes.map(({ provider }) => provider ?? null),
      outcomes.map(({ providerRef }) => providerRef ?? null),
      outcomes.map(isSuppressedByVendor),
      CHANNEL_UNDELIVERABLE,
    ]);
  }

  async handBack(ids: string[]): Promise<void> {
    await this.sql.rows(HAND_BACK, [ids]);
  }

  /** Removes a batch of messages that finished so many days ago. Returns their number. */
  async removeOld(days: number, limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD, [days, limit])).length;
  }
}
