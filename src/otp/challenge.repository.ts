import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Keyring } from '../common/keyring.js';
import type { SendReceipt } from '../budgets/budgets.service.js';
import type { Recipient } from '../common/recipient.js';
import { Batch, withLockTimeout, type LockTimeout } from '../database/batch.js';
import { Sql, statement } from '../database/sql.js';
import { LEASE_SECONDS, isSuppressed, type MessageContent } from '../notifier/notifier.js';
import type { Policy } from './purposes.js';

/** The primary key of `challenges`. */
export interface ChallengeKey {
  recipient: Recipient;
  purpose: string;
  lane: string;
}

/** The key of a row within a batch, because all calls of a batch share one purpose. */
type BatchKey = Pick<ChallengeKey, 'recipient' | 'lane'>;

export interface Guess extends ChallengeKey {
  /** The hashes of the guess under each accepted secret: one to three, the current one first. */
  hashes: Buffer[];
  policy: Policy;
  /** Of the proof of work that the guess presents; 0 if none. */
  proofLevel: number;
}

export interface NewChallenge extends ChallengeKey {
  /** Also the id of the message. If the live code is repeated, the id of the message only. */
  id: string;
  channel: string;
  codeHash: Buffer;
  codeSealed: Buffer;
  contextHash: string | null;
  template: string;
  /** The plaintext of `codeSealed`. */
  content: MessageContent;
  policy: Policy;
  fromDevice: boolean;
  /** The application that asks for the code, and its metadata. */
  applicationId: string | null;
  metadata: Record<string, string> | null;
  /** Issues only if there is an unused code to repeat or replace. */
  resend: boolean;
  /** True for a test identity. Nothing is sent. */
  isTest: boolean;
  /** What its message was charged. Null: nothing yet, or a test identity. */
  charge: SendReceipt | null;
}

export interface Issued {
  id: string;
  /** The sealed code of the live challenge if it is repeated; null if the new code is live. */
  repeatedCode: Buffer | null;
  expiresAt: Date;
  resendAt: Date;
  attempts: number;
  /** Until the code expires, by the database's clock. */
  secondsLeft: number;
  /** The message is stored as failed and must not be sent. The reply does not reveal this. */
  suppressed: boolean;
}

/** Seconds until each limit ends; null for a limit that does not apply. */
export interface IssueRefusal {
  /** Whether there is an unused code for the same context. */
  found: boolean;
  cooldown: number | null;
  guessLimit: number | null;
}

export interface Verdict {
  id: string;
  approved: boolean;
  attemptsLeft: number;
}

/** An accepted code was asked for by this application. */
export interface GuessVerdict extends Verdict {
  applicationId: string | null;
  metadata: Record<string, string> | null;
}

export interface VerifyRefusal {
  consumed: boolean;
  exhausted: boolean;
  expired: boolean;
  /** Wrong guesses in the window. */
  failures: number;
  /** Seconds until the next guess with a proof of work; null if nothing has to be waited for. */
  guessLimit: number | null;
}

/** The levels of proofs of work that guesses need beyond those that are free. */
export const PROOF_FOR_GUESS = 2;
export const PROOF_AFTER_WAIT = 4;

/** So many guesses a day are allowed with a proof each. After them, each guess has to wait. */
export const GUESSES_WITH_PROOF = 10;

/** The wait after the last wrong guess: 1, 2, 4, then 8 hours. `limit` is where waiting begins. */
const waitAfter = (limit: string) =>
  `c.failed_at + make_interval(hours => 1 << greatest(0, least(3, c.failures - ${limit}::int)))`;

/** Whether one more guess is allowed. */
const mayGuess = (limit: string, waits: string) => `(c.failures < ${limit}::int
        or c.failures_since <= now() - interval '1 day' or (${waits} and ${waitAfter(limit)} <= now()))`;

/**
 * Issues codes and queues their messages in one statement, so a code is never stored without its
 * message, nor a message without its code.
 *
 * Parallel issues for one row wait for the row lock of ON CONFLICT. Each then checks the last WHERE
 * against the newest version of the row, so only the first finds the cooldown over.
 *
 * A live code that approves the same context is repeated while enough of its lifetime is left
 * (usually half). After that a new code is sent, and the old one stays right until its own end, so
 * that the code in a delayed first message still works. Both share the count of guesses, so a resend
 * gives no guess back. Purposes that never repeat a code end the old one at once. The link that was
 * sent with the old code works as long as that code would, also if wrong guesses have ended the code.
 * The code of another application is never repeated, so that each code belongs to the application
 * whose message has it.
 *
 * The wait between two messages does not apply to another channel if the channel of the newest
 * message does not reach the number. `messages_finish` and `messages_receive` record that. Channels
 * stay recorded until the wait ends, so that two of them cannot end each other's wait in turn.
 *
 * A code without guesses left can be replaced at once. While guesses have to wait, a phone gets no
 * code, because it could not be used. A mail may have a link, which does not depend on guesses.
 */
const ISSUE = statement(
  'challenges_issue',
  `
    with ${withLockTimeout('$18')},
    requested as (
      select r.* from lock_timeout, unnest(
        $10::text[], $11::text[], $12::uuid[], $13::text[], $14::bytea[], $15::bytea[], $16::text[], $17::text[],
        $19::boolean[], $6::text[], $21::int[], $22::text[], $23::jsonb[])
      as r(recipient, lane, id, channel, code_hash, code_sealed, context_hash, template, from_device, verdict, price,
        application_id, metadata)),
    issued as (
      insert into challenges as c
        (recipient, purpose, lane, id, channel, code_hash, code_sealed, context_hash, application_id, metadata, issued_at,
          expires_at, resend_at)
      select r.recipient, $1::text, r.lane, r.id, r.channel, r.code_hash, r.code_sealed, r.context_hash,
        r.application_id, r.metadata, now(), now() + make_interval(secs => $2::int), now() + make_interval(secs => $3::int)
      from requested r
      where not $7::boolean or exists (
        select from challenges o where o.recipient = r.recipient and o.purpose = $1 and o.lane = r.lane
          and o.consumed_at is null and o.context_hash is not distinct from r.context_hash)
      on conflict (recipient, purpose, lane) do update set
        (id, code_hash, code_sealed, context_hash, issued_at, expires_at, attempts, previous_id, previous_code_hash,
          previous_expires_at, previous_application_id, previous_metadata) = (
          select
            case when keep then c.id else excluded.id end,
            case when keep then c.code_hash else excluded.code_hash end,
            case when keep then c.code_sealed else excluded.code_sealed end,
            excluded.context_hash,
            case when keep then c.issued_at else excluded.issued_at end,
            case when keep then c.expires_at else excluded.expires_at end,
            case when keep or overlap then c.attempts else 0 end,
            case when keep then c.previous_id when link_overlap then c.id end,
            case when keep then c.previous_code_hash when overlap then c.code_hash end,
            -- never later than the new code, so that a verify checks one expiry for the row
            case when keep then c.previous_expires_at when link_overlap then least(c.expires_at, excluded.expires_at) end,
            case when keep then c.previous_application_id when overlap then c.application_id end,
            case when keep then c.previous_metadata when overlap then c.metadata end
          from (select
            live and c.expires_at > now() + make_interval(secs => $8::float8)
              -- sealed under an accepted APP_SECRET, so this process can open it
              and substr(c.code_sealed, 1, 4) = any ($20::bytea[])
              and c.application_id is not distinct from excluded.application_id,
            live and $8 < $2::int,
            unused and $8 < $2::int
          from (select unused and c.attempts < $4::int, unused
            from (select c.consumed_at is null and c.expires_at > now()
              and c.context_hash is not distinct from excluded.context_hash) as code(unused))
            as state(live, unused)) as old(keep, overlap, link_overlap)),
        channel = excluded.channel,
        application_id = excluded.application_id,
        metadata = excluded.metadata,
        undeliverable_channels = case when c.resend_at > now() and c.consumed_at is null then c.undeliverable_channels end,
        consumed_at = null,
        resend_at = excluded.resend_at
      where (c.resend_at <= now() or c.consumed_at is not null or c.attempts >= $4::int
          or (c.channel = any (c.undeliverable_channels) and excluded.channel <> all (c.undeliverable_channels)))
        and (c.recipient like 'email:%' or ${mayGuess('$5', 'true')})
        and (not $7::boolean or c.consumed_at is null)
      returning *),
    result as (
      select i.*, r.id as message_id, r.template, r.from_device, r.verdict, r.price,
        ${isSuppressed('i.recipient', 'r.from_device')} as suppressed,
        nullif(i.code_sealed, r.code_sealed) as repeated_code
      from issued i join requested r using (recipient, lane)),
    queued as (
      insert into messages
        (id, recipient, purpose, lane, challenge_id, channel, template, sealed, state, failure, attempts, due_at,
          expires_at, finished_at, from_device, verdict, price, application_id, metadata)
      select message_id, recipient, purpose, lane, id, channel, template,
        case when not suppressed then code_sealed end,
        case when suppressed then 'failed' else 'sending' end, case when suppressed then 'suppressed' end,
        case when suppressed then 0 else 1 end, now() + make_interval(secs => ${LEASE_SECONDS}),
        expires_at, case when suppressed then now() end, from_device, verdict, price, application_id, metadata
      from result where not $9::boolean),
    -- the message of a test identity is recorded as sent, but not delivered
    recorded as (
      insert into messages
        (id, recipient, purpose, lane, challenge_id, channel, template, state, provider, due_at, expires_at, finished_at,
        application_id, metadata, log)
      select message_id, recipient, purpose, lane, id, channel, template, 'sent', 'test', now(), expires_at, now(),
        application_id, metadata, jsonb_build_array(jsonb_build_object('at', now(), 'event', 'sent', 'provider', 'test'))
      from result where $9::boolean)
    select recipient, lane, id, repeated_code as "repeatedCode", expires_at as "expiresAt", resend_at as "resendAt", attempts,
      extract(epoch from expires_at - now())::float8 as "secondsLeft", suppressed
    from result`,
);

/** Finds out why ISSUE refused, and in how many seconds each limit ends. */
const EXPLAIN_ISSUE = statement(
  'challenges_explain_issue',
  `
    select
      coalesce(bool_or(consumed_at is null and context_hash is not distinct from $5), false) as found,
      ceil(extract(epoch from max(resend_at - now())
        filter (where consumed_at is null and attempts < $6 and resend_at > now()
          and (channel = any (undeliverable_channels) and $7 <> all (undeliverable_channels)) is not true)))::int as cooldown,
      ceil(extract(epoch from max(${waitAfter('$4')} - now())
        filter (where recipient like 'phone:%' and not ${mayGuess('$4', 'true')})))::int as "guessLimit"
    from challenges c where recipient = $1 and purpose = $2 and lane = $3`,
);

const IS_LATEST = 'code_hash in (g.hash, g.second, g.third)';

/** Whether a guess is the live code, or the previous one before its end. */
const IS_RIGHT = `(${IS_LATEST}
        or (previous_code_hash in (g.hash, g.second, g.third) and previous_expires_at > now()))`;

/**
 * Counts and compares a guess in one statement. Under READ COMMITTED, an UPDATE that waited for a
 * row lock re-evaluates its WHERE on the newest version of the row. So a guess counts only while the
 * code is live, and only one of several parallel correct guesses is approved: also when one of them is
 * the live code and the other the previous one, because both are in one row.
 *
 * The comparison need not take constant time: the hash is keyed, so its timing reveals nothing about
 * the code.
 */
const VERIFY = statement(
  'challenges_verify',
  `
    with ${withLockTimeout('$9')},
    guesses as materialized (
      select g.* from lock_timeout, unnest($4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[])
        as g(recipient, lane, hash, second, third))
    update challenges c set
      attempts = attempts + 1,
      consumed_at = case when ${IS_RIGHT} then now() end,
      code_sealed = case when ${IS_RIGHT} or attempts + 1 >= $2 then null else code_sealed end,
      previous_code_hash = case when ${IS_RIGHT} or attempts + 1 >= $2 then null else previous_code_hash end,
      failures = case when ${IS_RIGHT} then 0
        when failures_since > now() - interval '1 day' then failures + 1 else 1 end,
      failures_since = case when failures > 0 and failures_since > now() - interval '1 day'
        then failures_since else now() end,
      failed_at = case when ${IS_RIGHT} then failed_at else now() end
    from guesses g
    -- any($4) repeats the join condition, so that a plan that starts with challenges uses its index
    where c.recipient = any ($4) and c.recipient = g.recipient and c.purpose = $1 and c.lane = g.lane
      and consumed_at is null and expires_at > now() and attempts < $2
      and ${mayGuess('$3', '$10::boolean')}
    returning c.recipient, c.lane, id, consumed_at is not null as approved, $2 - attempts as "attemptsLeft",
      case when ${IS_LATEST} then application_id else previous_application_id end as "applicationId",
      case when ${IS_LATEST} then metadata else previous_metadata end as metadata`,
);

/**
 * Like VERIFY, but leaves a right code as it is, so that REDEEM can consume it together with what it
 * allows. A right guess costs no attempt. Of several parallel right guesses, one wins the REDEEM.
 */
const JUDGE = statement(
  'challenges_judge',
  `
    update challenges c set
      attempts = case when ${IS_RIGHT} then attempts else attempts + 1 end,
      code_sealed = case when ${IS_RIGHT} or attempts + 1 < $4 then code_sealed end,
      previous_code_hash = case when ${IS_RIGHT} or attempts + 1 < $4 then previous_code_hash end,
      failures = case when ${IS_RIGHT} then failures
        when failures_since > now() - interval '1 day' then failures + 1 else 1 end,
      failures_since = case when failures > 0 and failures_since > now() - interval '1 day'
        then failures_since else now() end,
      failed_at = case when ${IS_RIGHT} then failed_at else now() end
    from (select $6::bytea as hash, $7::bytea as second, $8::bytea as third) g
    where c.recipient = $1 and c.purpose = $2 and c.lane = $3
      and consumed_at is null and expires_at > now() and attempts < $4
      and ${mayGuess('$5', '$9::boolean')}
    returning id, coalesce(${IS_RIGHT}, false) as approved, $4 - attempts as "attemptsLeft"`,
);

/** Finds out why VERIFY or JUDGE refused. */
const EXPLAIN_VERIFY = statement(
  'challenges_explain_verify',
  `
    select consumed_at is not null as consumed, attempts >= $4 as exhausted, expires_at <= now() as expired,
      case when failures_since > now() - interval '1 day' then failures else 0 end as failures,
      case when not ${mayGuess('$5', 'true')}
        then ceil(extract(epoch from ${waitAfter('$5')} - now()))::int end as "guessLimit"
    from challenges c where recipient = $1 and purpose = $2 and lane = $3`,
);

/** Whether $4 is the live challenge, or the previous one before its end. */
const IS_LINKED = `(id = $4 or (previous_id = $4 and previous_expires_at > now()))`;

/**
 * Consumes a code by the link that was sent with it. The UPDATE takes the row lock, so only one of
 * several parallel requests succeeds, also when they present the live link, the previous one and the
 * codes, because all are in one row. Neither checks nor counts attempts: the link cannot be guessed,
 * and a stranger who types wrong codes must not disable it.
 */
const REDEEM = statement(
  'challenges_redeem',
  `
    update challenges set consumed_at = now(), code_sealed = null, previous_code_hash = null, failures = 0
    where recipient = $1 and purpose = $2 and lane = $3 and ${IS_LINKED}
      and consumed_at is null and expires_at > now()
    returning id`,
);

/** Whether REDEEM would succeed now. */
const IS_LIVE = statement(
  'challenges_is_live',
  `
    select id from challenges
    where recipient = $1 and purpose = $2 and lane = $3 and ${IS_LINKED}
      and consumed_at is null and expires_at > now()`,
);

/**
 * Wipes codes that expired after the given time. Rows with equal expiry times belong to one batch, so
 * every batch makes progress. Returns the last expiry time as text, because a Date would drop its
 * microseconds. Rows without a code are not updated.
 */
const WIPE_EXPIRED = statement(
  'challenges_wipe_expired',
  `
    with expired as (
      select ctid, expires_at, code_sealed is not null or previous_code_hash is not null as has_code from challenges
      where expires_at > $1 and expires_at <= now() order by expires_at fetch first ($2) rows with ties),
    wiped as (
      update challenges set code_sealed = null, previous_code_hash = null where ctid = any (array(
        select ctid from challenges
        where ctid = any (array(select ctid from expired where has_code)) and expires_at <= now()
        for update skip locked)))
    select max(expires_at)::text as "wipedTo", count(*)::int as seen from expired`,
);

/** Removes rows that have no live code and whose guesses have all been restored. */
const REMOVE_OLD = statement(
  'challenges_remove_old',
  `
    delete from challenges where ctid = any (array(
      select ctid from challenges
      where expires_at < now() - interval '1 day' and failures_since < now() - interval '1 day'
      order by expires_at limit $1 for update skip locked))
    returning 1`,
);

/** Issues, verifies and redeems codes. The SQL checks every condition while it holds the row lock. */
@Injectable()
export class ChallengeRepository {
  private readonly issues = new Batch<NewChallenge, Issued>({
    key: batchKey,
    shared: ({ purpose, resend, isTest }) => `${purpose} ${resend} ${isTest}`,
    run: (calls, lockTimeout) => this.issueAll(calls, lockTimeout),
  });
  private readonly guesses = new Batch<Guess, GuessVerdict>({
    key: batchKey,
    shared: (guess) => `${guess.purpose} ${guessLimit(guess)} ${mayWait(guess)}`,
    run: (calls, lockTimeout) => this.verifyAll(calls, lockTimeout),
  });

  constructor(
    private readonly sql: Sql,
    private readonly keyring: Keyring,
  ) {}

  /** The live challenge whose message is queued, or null if a limit refuses the request. */
  issue(challenge: NewChallenge): Promise<Issued | null> {
    return this.issues.row(challenge);
  }

  explainIssue(challenge: NewChallenge): Promise<IssueRefusal | null> {
    const { recipient, purpose, lane, policy, contextHash, channel } = challenge;
    const values = [recipient, purpose, lane, waitLimit(policy), contextHash, policy.maxAttempts, channel];
    return this.sql.row(EXPLAIN_ISSUE, values);
  }

  /** Null if there is no code that may be guessed now. */
  verify(guess: Guess): Promise<GuessVerdict | null> {
    return this.guesses.row(guess);
  }

  /** Like `verify`, but does not consume the code. */
  judge(guess: Guess): Promise<Verdict | null> {
    const { recipient, purpose, lane, policy, hashes } = guess;
    const [current, second = current, third = current] = hashes;
    const values = [recipient, purpose, lane, policy.maxAttempts, guessLimit(guess)];
    return this.sql.row(JUDGE, [...values, current, second, third, mayWait(guess)]);
  }

  explainVerify({ recipient, purpose, lane }: ChallengeKey, policy: Policy): Promise<VerifyRefusal | null> {
    return this.sql.row(EXPLAIN_VERIFY, [recipient, purpose, lane, policy.maxAttempts, waitLimit(policy)]);
  }

  /** Whether the code that was sent with this id can be consumed. */
  async isLive({ recipient, purpose, lane }: ChallengeKey, id: string): Promise<boolean> {
    return (await this.sql.row(IS_LIVE, [recipient, purpose, lane, id])) !== null;
  }

  /** Returns whether this call consumed the code, in the manager's transaction if given. */
  async redeem(
    { recipient, purpose, lane }: ChallengeKey,
    id: string,
    manager?: EntityManager,
  ): Promise<boolean> {
    const values = [recipient, purpose, lane, id];
    if (!manager) return (await this.sql.row(REDEEM, values)) !== null;
    // TypeORM returns the rows of an update with their number.
    const [rows] = await manager.query<[unknown[], number]>(REDEEM.text, values);
    return rows.length > 0;
  }

  wipeExpired(since: string, limit: number): Promise<{ wipedTo: string | null; seen: number } | null> {
    return this.sql.row(WIPE_EXPIRED, [since, limit]);
  }

  /** Returns the number of rows removed. */
  async removeOld(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD, [limit])).length;
  }

  private async issueAll(challenges: NewChallenge[], lockTimeout: LockTimeout): Promise<Map<string, Issued>> {
    const [{ purpose, policy, resend, isTest }] = challenges as [NewChallenge];
    const rows = await this.sql.rows<Issued & BatchKey>(ISSUE, [
      purpose,
      policy.ttlSeconds,
      policy.resendSeconds,
      policy.maxAttempts,
      waitLimit(policy),
      challenges.map(({ charge }) => charge?.verdict ?? null),
      resend,
      policy.repeatSeconds,
      isTest,
      challenges.map(({ recipient }) => recipient),
      challenges.map(({ lane }) => lane),
      challenges.map(({ id }) => id),
      challenges.map(({ channel }) => channel),
      challenges.map(({ codeHash }) => codeHash),
      challenges.map(({ codeSealed }) => codeSealed),
      challenges.map(({ contextHash }) => contextHash),
      challenges.map(({ template }) => template),
      lockTimeout,
      challenges.map(({ fromDevice }) => fromDevice),
      this.keyring.acceptedIds,
      challenges.map(({ charge }) => charge?.price ?? null),
      challenges.map(({ applicationId }) => applicationId),
      challenges.map(({ metadata }) => metadata && JSON.stringify(metadata)),
    ]);
    return new Map(rows.map((row) => [batchKey(row), row]));
  }

  private async verifyAll(guesses: Guess[], lockTimeout: LockTimeout): Promise<Map<string, GuessVerdict>> {
    const [first] = guesses as [Guess];
    const rows = await this.sql.rows<GuessVerdict & BatchKey>(VERIFY, [
      first.purpose,
      first.policy.maxAttempts,
      guessLimit(first),
      guesses.map(({ recipient }) => recipient),
      guesses.map(({ lane }) => lane),
      guesses.map(({ hashes: [current] }) => current),
      guesses.map(({ hashes: [current, second = current] }) => second),
      guesses.map(({ hashes: [current, , third = current] }) => third),
      lockTimeout,
      mayWait(first),
    ]);
    return new Map(rows.map((row) => [batchKey(row), row]));
  }
}

/** The guesses a day after which each further one has to wait. */
function waitLimit({ guessesPerDay }: Policy): number {
  return guessesPerDay + GUESSES_WITH_PROOF;
}

/** The guesses a day that are allowed at once. */
function guessLimit({ policy, proofLevel }: Guess): number {
  return proofLevel >= PROOF_FOR_GUESS ? waitLimit(policy) : policy.guessesPerDay;
}

/** Whether the guess is allowed after a wait. */
function mayWait({ proofLevel }: Guess): boolean {
  return proofLevel >= PROOF_AFTER_WAIT;
}

/** Unambiguous, because a recipient contains no space. */
function batchKey({ recipient, lane }: BatchKey): string {
  return `${recipient} ${lane}`;
}
