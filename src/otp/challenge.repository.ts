import { Injectable } from '@nestjs/common';
import type { Recipient } from '../common/recipient.js';
import { Sql, type Statement } from '../database/sql.js';
import { LEASE_SECONDS } from '../notifier/notifier.js';
import type { Policy } from './purposes.js';

/** Names one row of `challenges`. */
export interface ChallengeKey {
  recipient: Recipient;
  purpose: string;
  lane: string;
}

export interface NewChallenge extends ChallengeKey {
  id: string;
  messageId: string;
  channel: string;
  codeHash: Buffer;
  codeSealed: Buffer;
  contextHash: string | null;
  policy: Policy;
  /** Only when there is a code to repeat or replace. */
  resend: boolean;
}

export interface Issued {
  id: string;
  codeSealed: Buffer;
  expiresAt: Date;
  resendAt: Date;
  attempts: number;
  /** Of the code's life, by the database's clock. */
  secondsLeft: number;
}

export interface IssueRefusal {
  found: boolean;
  cooldown: number | null;
  sendLimit: number | null;
  guessLimit: number | null;
}

export interface Verdict {
  id: string;
  approved: boolean;
  attemptsLeft: number;
}

export interface VerifyRefusal {
  consumed: boolean;
  exhausted: boolean;
  expired: boolean;
  guessLimit: number | null;
}

export interface ChallengeState {
  channel: string;
  consumed: boolean;
  exhausted: boolean;
  expired: boolean;
  expiresAt: Date;
  resendAt: Date;
  attempts: number;
}

/**
 * Issues a code and queues its message, or does neither: one statement, one commit.
 *
 * The row lock of ON CONFLICT makes parallel issues for one row queue up, and each then re-checks the last WHERE on
 * the newest version of the row: one of them finds the cooldown over. While more than half of a live code's life is
 * left, and it approves the same, the code stays, so that a late first message still works.
 *
 * The sends of a day are counted over all purposes of a recipient and lane. Another purpose's row is read as it was
 * when the statement began, so parallel issues can exceed that sum by one a purpose, never the row's own count.
 */
const ISSUE: Statement = {
  name: 'challenges_issue',
  text: `
    with issued as (
      insert into challenges as c
        (recipient, purpose, lane, id, channel, code_hash, code_sealed, context_hash, issued_at, expires_at, resend_at)
      select $1::text, $2::text, $3::text, $4::uuid, $5::text, $6::bytea, $7::bytea, $8::text,
        now(), now() + make_interval(secs => $9::int), now() + make_interval(secs => $10::int)
      where (select coalesce(sum(o.sends), 0) from challenges o
             where o.recipient = $1 and o.lane = $3 and o.sends_since > now() - interval '1 day') < $12::int
        and (not $14::boolean or exists (
             select from challenges o where o.recipient = $1 and o.purpose = $2 and o.lane = $3
               and o.consumed_at is null and o.context_hash is not distinct from $8))
      on conflict (recipient, purpose, lane) do update set
        (id, code_hash, code_sealed, context_hash, issued_at, expires_at, attempts) = (
          select
            case when keep then c.id else excluded.id end,
            case when keep then c.code_hash else excluded.code_hash end,
            case when keep then c.code_sealed else excluded.code_sealed end,
            excluded.context_hash,
            case when keep then c.issued_at else excluded.issued_at end,
            case when keep then c.expires_at else excluded.expires_at end,
            case when keep then c.attempts else 0 end
          from (select c.consumed_at is null and c.attempts < $11::int
            and c.expires_at > now() + make_interval(secs => $9::int / 2.0)
            and c.context_hash is not distinct from excluded.context_hash
            -- sealed under the same APP_SECRET, so that this process can open it
            and substr(c.code_sealed, 1, 4) = substr(excluded.code_sealed, 1, 4)) as live(keep)),
        channel = excluded.channel,
        consumed_at = null,
        resend_at = excluded.resend_at,
        sends = case when c.sends_since > now() - interval '1 day' then c.sends + 1 else 1 end,
        sends_since = case when c.sends_since > now() - interval '1 day' then c.sends_since else now() end
      where (c.resend_at <= now() or c.consumed_at is not null)
        and (c.sends < $12::int or c.sends_since <= now() - interval '1 day')
        and (c.failures < $13::int or c.failures_since <= now() - interval '1 day')
        and (not $14::boolean or c.consumed_at is null)
      returning *),
    queued as (
      insert into messages
        (id, recipient, purpose, lane, challenge_id, channel, template, sealed, state, attempts, due_at, expires_at)
      select $15::uuid, recipient, purpose, lane, id, channel, 'code', code_sealed, 'sending', 1,
        now() + make_interval(secs => ${LEASE_SECONDS}), expires_at
      from issued)
    select id, code_sealed as "codeSealed", expires_at as "expiresAt", resend_at as "resendAt", attempts,
      extract(epoch from expires_at - now())::float8 as "secondsLeft"
    from issued`,
};

/** Says why ISSUE changed nothing, with the seconds until each reason ends. */
const EXPLAIN_ISSUE: Statement = {
  name: 'challenges_explain_issue',
  text: `
    select
      coalesce(bool_or(purpose = $2 and consumed_at is null and context_hash is not distinct from $6), false) as found,
      ceil(extract(epoch from max(resend_at - now())
        filter (where purpose = $2 and consumed_at is null and resend_at > now())))::int as cooldown,
      case when sum(sends) filter (where sends_since > now() - interval '1 day') >= $4
        then ceil(extract(epoch from min(sends_since + interval '1 day' - now())
          filter (where sends_since > now() - interval '1 day')))::int end as "sendLimit",
      ceil(extract(epoch from max(failures_since + interval '1 day' - now())
        filter (where purpose = $2 and failures >= $5 and failures_since > now() - interval '1 day')))::int as "guessLimit"
    from challenges where recipient = $1 and lane = $3`,
};

/**
 * Spends a guess and judges it in the same statement. Under READ COMMITTED an UPDATE that waited for the row
 * re-evaluates its WHERE on the newest version, so a guess is judged only while the code still lives, and of
 * parallel right codes one wins. The hash is keyed: how long its comparison takes tells nothing.
 */
const VERIFY: Statement = {
  name: 'challenges_verify',
  text: `
    update challenges set
      attempts = attempts + 1,
      consumed_at = case when code_hash in ($4, $5) then now() end,
      code_sealed = case when code_hash in ($4, $5) or attempts + 1 >= $6 then null else code_sealed end,
      failures = case when code_hash in ($4, $5) then 0
        when failures_since > now() - interval '1 day' then failures + 1 else 1 end,
      failures_since = case when failures > 0 and failures_since > now() - interval '1 day'
        then failures_since else now() end
    where recipient = $1 and purpose = $2 and lane = $3
      and consumed_at is null and expires_at > now() and attempts < $6
      and (failures < $7 or failures_since <= now() - interval '1 day')
    returning id, consumed_at is not null as approved, $6 - attempts as "attemptsLeft"`,
};

/** Says why VERIFY changed nothing. */
const EXPLAIN_VERIFY: Statement = {
  name: 'challenges_explain_verify',
  text: `
    select consumed_at is not null as consumed, attempts >= $4 as exhausted, expires_at <= now() as expired,
      case when failures >= $5 and failures_since > now() - interval '1 day'
        then ceil(extract(epoch from failures_since + interval '1 day' - now()))::int end as "guessLimit"
    from challenges where recipient = $1 and purpose = $2 and lane = $3`,
};

const STATE: Statement = {
  name: 'challenges_state',
  text: `
    select channel, consumed_at is not null as consumed, attempts >= $5 as exhausted, expires_at <= now() as expired,
      expires_at as "expiresAt", resend_at as "resendAt", attempts
    from challenges where recipient = $1 and purpose = $2 and lane = $3 and id = $4`,
};

/** Wipes the codes that expired since the given time; returns how far it came. */
const WIPE_EXPIRED: Statement = {
  name: 'challenges_wipe_expired',
  text: `
    with expired as (
      select recipient, purpose, lane, expires_at, code_sealed from challenges
      where expires_at >= $1 and expires_at <= now()
      order by expires_at limit $2 for update skip locked),
    wiped as (
      update challenges c set code_sealed = null from expired e
      where c.recipient = e.recipient and c.purpose = e.purpose and c.lane = e.lane and e.code_sealed is not null)
    select max(expires_at) as "wipedTo", count(*)::int as seen from expired`,
};

/** Removes rows that remember nothing any more: no live code, no budget in its window. */
const REMOVE_OLD: Statement = {
  name: 'challenges_remove_old',
  text: `
    delete from challenges where (recipient, purpose, lane) in (
      select recipient, purpose, lane from challenges
      where expires_at < now() - interval '1 day' and sends_since < now() - interval '1 day'
        and failures_since < now() - interval '1 day'
      order by expires_at limit $1 for update skip locked)`,
};

/** The statements that decide over codes. Every condition is in the SQL, under the row's lock. */
@Injectable()
export class ChallengeRepository {
  constructor(private readonly sql: Sql) {}

  /** The challenge that is live now and whose message is queued, or null when a limit refuses. */
  issue(challenge: NewChallenge): Promise<Issued | null> {
    const { recipient, purpose, lane, policy } = challenge;
    return this.sql.row<Issued>(ISSUE, [
      recipient,
      purpose,
      lane,
      challenge.id,
      challenge.channel,
      challenge.codeHash,
      challenge.codeSealed,
      challenge.contextHash,
      policy.ttlSeconds,
      policy.resendSeconds,
      policy.maxAttempts,
      policy.sendsPerDay,
      policy.failuresPerDay,
      challenge.resend,
      challenge.messageId,
    ]);
  }

  explainIssue({
    recipient,
    purpose,
    lane,
    policy,
    contextHash,
  }: NewChallenge): Promise<IssueRefusal | null> {
    const { sendsPerDay, failuresPerDay } = policy;
    return this.sql.row(EXPLAIN_ISSUE, [recipient, purpose, lane, sendsPerDay, failuresPerDay, contextHash]);
  }

  /** The verdict over one guess, or null when there was nothing to guess at. */
  verify(
    { recipient, purpose, lane }: ChallengeKey,
    hashes: Buffer[],
    policy: Policy,
  ): Promise<Verdict | null> {
    const { maxAttempts, failuresPerDay } = policy;
    const [current, previous = current] = hashes;
    return this.sql.row(VERIFY, [recipient, purpose, lane, current, previous, maxAttempts, failuresPerDay]);
  }

  explainVerify({ recipient, purpose, lane }: ChallengeKey, policy: Policy): Promise<VerifyRefusal | null> {
    return this.sql.row(EXPLAIN_VERIFY, [
      recipient,
      purpose,
      lane,
      policy.maxAttempts,
      policy.failuresPerDay,
    ]);
  }

  /** Null when the row holds another code by now. */
  state(
    { recipient, purpose, lane }: ChallengeKey,
    id: string,
    policy: Policy,
  ): Promise<ChallengeState | null> {
    return this.sql.row(STATE, [recipient, purpose, lane, id, policy.maxAttempts]);
  }

  wipeExpired(since: Date, limit: number): Promise<{ wipedTo: Date | null; seen: number } | null> {
    return this.sql.row(WIPE_EXPIRED, [since, limit]);
  }

  async removeOld(limit: number): Promise<void> {
    await this.sql.rows(REMOVE_OLD, [limit]);
  }
}
