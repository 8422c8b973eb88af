import { Injectable } from '@nestjs/common';
import type { Recipient } from '../common/recipient.js';
import { Batch } from '../database/batch.js';
import { Sql, statement } from '../database/sql.js';
import { LEASE_SECONDS, isSuppressed, type MessageContent } from '../notifier/notifier.js';
import type { Policy } from './purposes.js';

/** Names one row of `challenges`. */
export interface ChallengeKey {
  recipient: Recipient;
  purpose: string;
  lane: string;
}

type Lane = Pick<ChallengeKey, 'recipient' | 'lane'>;

export interface Guess extends ChallengeKey {
  /** What the stored hash equals if the guess is right: under the current secret, and under the one before it. */
  hashes: Buffer[];
  policy: Policy;
}

export interface NewChallenge extends ChallengeKey {
  /** Its message's too. Where an older code is repeated, of the message alone. */
  id: string;
  channel: string;
  codeHash: Buffer;
  codeSealed: Buffer;
  contextHash: string | null;
  template: string;
  /** What the message says; `codeSealed` is the same, sealed. */
  content: MessageContent;
  policy: Policy;
  /** Only when there is a code to repeat or replace. */
  resend: boolean;
  /** Of a test identity: nothing is sent. */
  isTest: boolean;
}

export interface Issued {
  id: string;
  /** The older code that is repeated, sealed; null where the new one is live. */
  repeats: Buffer | null;
  expiresAt: Date;
  resendAt: Date;
  attempts: number;
  /** Of the code's life, by the database's clock. */
  secondsLeft: number;
  /** The message is on record as failed, and must not be sent. */
  suppressed: boolean;
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

/**
 * Issues codes and queues their messages: one statement, one commit, and for each recipient both or neither.
 *
 * The row lock of ON CONFLICT makes parallel issues for one row queue up, and each then re-checks the last WHERE on
 * the newest version of the row: one of them finds the cooldown over. While enough of a live code's life is left
 * (half of it, usually), and it approves the same, the code stays, so that a late first message still works.
 *
 * The sends of a day are counted over all purposes of a recipient and lane. Another purpose's row is read as it was
 * when the statement began, so parallel issues can exceed that sum by one a purpose, never the row's own count.
 */
const ISSUE = statement(
  'challenges_issue',
  `
    with asked as (
      select * from unnest(
        $10::text[], $11::text[], $12::uuid[], $13::text[], $14::bytea[], $15::bytea[], $16::text[], $17::text[])
      as a(recipient, lane, id, channel, code_hash, code_sealed, context_hash, template)),
    issued as (
      insert into challenges as c
        (recipient, purpose, lane, id, channel, code_hash, code_sealed, context_hash, issued_at, expires_at, resend_at)
      select a.recipient, $1::text, a.lane, a.id, a.channel, a.code_hash, a.code_sealed, a.context_hash,
        now(), now() + make_interval(secs => $2::int), now() + make_interval(secs => $3::int)
      from asked a
      where (select coalesce(sum(o.sends), 0) from challenges o
             where o.recipient = a.recipient and o.lane = a.lane and o.sends_since > now() - interval '1 day') < $5::int
        and (not $7::boolean or exists (
             select from challenges o where o.recipient = a.recipient and o.purpose = $1 and o.lane = a.lane
               and o.consumed_at is null and o.context_hash is not distinct from a.context_hash))
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
          from (select c.consumed_at is null and c.attempts < $4::int
            and c.expires_at > now() + make_interval(secs => $8::float8)
            and c.context_hash is not distinct from excluded.context_hash
            -- sealed under the same APP_SECRET, so that this process can open it
            and substr(c.code_sealed, 1, 4) = substr(excluded.code_sealed, 1, 4)) as live(keep)),
        channel = excluded.channel,
        consumed_at = null,
        resend_at = excluded.resend_at,
        sends = case when c.sends_since > now() - interval '1 day' then c.sends + 1 else 1 end,
        sends_since = case when c.sends_since > now() - interval '1 day' then c.sends_since else now() end
      where (c.resend_at <= now() or c.consumed_at is not null)
        and (c.sends < $5::int or c.sends_since <= now() - interval '1 day')
        and (c.failures < $6::int or c.failures_since <= now() - interval '1 day')
        and (not $7::boolean or c.consumed_at is null)
      returning *),
    -- one look at a primary key; whoever asked is told the same
    told as (
      select i.*, a.id as message_id, a.template, ${isSuppressed('i.recipient')} as suppressed,
        nullif(i.code_sealed, a.code_sealed) as repeats
      from issued i join asked a using (recipient, lane)),
    queued as (
      insert into messages
        (id, recipient, purpose, lane, challenge_id, channel, template, sealed, state, failure, attempts, due_at,
          expires_at, finished_at)
      select message_id, recipient, purpose, lane, id, channel, template,
        case when not suppressed then code_sealed end,
        case when suppressed then 'failed' else 'sending' end, case when suppressed then 'suppressed' end,
        case when suppressed then 0 else 1 end, now() + make_interval(secs => ${LEASE_SECONDS}),
        expires_at, case when suppressed then now() end
      from told where not $9::boolean),
    -- a test identity's message is on record and goes nowhere
    kept as (
      insert into messages
        (id, recipient, purpose, lane, challenge_id, channel, template, state, provider, due_at, expires_at, finished_at,
        log)
      select message_id, recipient, purpose, lane, id, channel, template, 'sent', 'test', now(), expires_at, now(),
        jsonb_build_array(jsonb_build_object('at', now(), 'event', 'sent', 'provider', 'test'))
      from told where $9::boolean)
    select recipient, lane, id, repeats, expires_at as "expiresAt", resend_at as "resendAt", attempts,
      extract(epoch from expires_at - now())::float8 as "secondsLeft", suppressed
    from told`,
);

/** Says why ISSUE changed nothing, with the seconds until each reason ends. */
const EXPLAIN_ISSUE = statement(
  'challenges_explain_issue',
  `
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
);

/**
 * Spends guesses and judges them in the same statement. Under READ COMMITTED an UPDATE that waited for a row
 * re-evaluates its WHERE on the newest version, so a guess is judged only while the code still lives, and of
 * parallel right codes one wins. The hash is keyed: how long its comparison takes tells nothing.
 */
const VERIFY = statement(
  'challenges_verify',
  `
    update challenges c set
      attempts = attempts + 1,
      consumed_at = case when code_hash in (g.hash, g.previous) then now() end,
      code_sealed = case when code_hash in (g.hash, g.previous) or attempts + 1 >= $2 then null else code_sealed end,
      failures = case when code_hash in (g.hash, g.previous) then 0
        when failures_since > now() - interval '1 day' then failures + 1 else 1 end,
      failures_since = case when failures > 0 and failures_since > now() - interval '1 day'
        then failures_since else now() end
    from unnest($4::text[], $5::text[], $6::bytea[], $7::bytea[]) as g(recipient, lane, hash, previous)
    -- said twice, so that even a plan that begins with the table begins with these rows of it
    where c.recipient = any ($4) and c.recipient = g.recipient and c.purpose = $1 and c.lane = g.lane
      and consumed_at is null and expires_at > now() and attempts < $2
      and (failures < $3 or failures_since <= now() - interval '1 day')
    returning c.recipient, c.lane, id, consumed_at is not null as approved, $2 - attempts as "attemptsLeft"`,
);

/** Says why VERIFY changed nothing. */
const EXPLAIN_VERIFY = statement(
  'challenges_explain_verify',
  `
    select consumed_at is not null as consumed, attempts >= $4 as exhausted, expires_at <= now() as expired,
      case when failures >= $5 and failures_since > now() - interval '1 day'
        then ceil(extract(epoch from failures_since + interval '1 day' - now()))::int end as "guessLimit"
    from challenges where recipient = $1 and purpose = $2 and lane = $3`,
);

/**
 * Consumes a code by the link that was sent with it, under the same row lock. No guess is counted and none is needed:
 * the link cannot be guessed, so wrong codes typed by a stranger do not end it.
 */
const REDEEM = statement(
  'challenges_redeem',
  `
    update challenges set consumed_at = now(), code_sealed = null, failures = 0
    where recipient = $1 and purpose = $2 and lane = $3 and id = $4
      and consumed_at is null and expires_at > now()
    returning id`,
);

/**
 * Wipes the codes that expired after the given time; returns how far it came, as text, for a Date has no microseconds.
 * Ties belong to the batch, so that each one gets further. What holds no code is not touched.
 */
const WIPE_EXPIRED = statement(
  'challenges_wipe_expired',
  `
    with expired as (
      select ctid, expires_at, code_sealed is not null as sealed from challenges
      where expires_at > $1 and expires_at <= now() order by expires_at fetch first ($2) rows with ties),
    wiped as (
      update challenges set code_sealed = null where ctid = any (array(
        select ctid from challenges
        where ctid = any (array(select ctid from expired where sealed)) and expires_at <= now()
        for update skip locked)))
    select max(expires_at)::text as "wipedTo", count(*)::int as seen from expired`,
);

/** Removes rows that remember nothing any more: no live code, no budget in its window. */
const REMOVE_OLD = statement(
  'challenges_remove_old',
  `
    delete from challenges where ctid = any (array(
      select ctid from challenges
      where expires_at < now() - interval '1 day' and sends_since < now() - interval '1 day'
        and failures_since < now() - interval '1 day'
      order by expires_at limit $1 for update skip locked))
    returning 1`,
);

/** The statements that decide over codes. Every condition is in the SQL, under the row's lock. */
@Injectable()
export class ChallengeRepository {
  private readonly issues = new Batch<NewChallenge, Issued>({
    key: rowOf,
    shared: ({ purpose, resend, isTest }) => `${purpose} ${resend} ${isTest}`,
    run: (calls) => this.issueAll(calls),
  });
  private readonly guesses = new Batch<Guess, Verdict>({
    key: rowOf,
    shared: ({ purpose, policy }) => `${purpose} ${policy.guessesPerDay}`,
    run: (calls) => this.judgeAll(calls),
  });

  constructor(private readonly sql: Sql) {}

  /** The challenge that is live now and whose message is queued, or null when a limit refuses. */
  issue(challenge: NewChallenge): Promise<Issued | null> {
    return this.issues.row(challenge);
  }

  explainIssue({
    recipient,
    purpose,
    lane,
    policy,
    contextHash,
  }: NewChallenge): Promise<IssueRefusal | null> {
    const { sendsPerDay, guessesPerDay: failuresPerDay } = policy;
    return this.sql.row(EXPLAIN_ISSUE, [recipient, purpose, lane, sendsPerDay, failuresPerDay, contextHash]);
  }

  /** The verdict over one guess, or null when there was nothing to guess at. */
  verify(guess: Guess): Promise<Verdict | null> {
    return this.guesses.row(guess);
  }

  explainVerify({ recipient, purpose, lane }: ChallengeKey, policy: Policy): Promise<VerifyRefusal | null> {
    return this.sql.row(EXPLAIN_VERIFY, [recipient, purpose, lane, policy.maxAttempts, policy.guessesPerDay]);
  }

  /** Whether this made it consumed. */
  async redeem({ recipient, purpose, lane }: ChallengeKey, id: string): Promise<boolean> {
    return (await this.sql.row(REDEEM, [recipient, purpose, lane, id])) !== null;
  }

  wipeExpired(since: string, limit: number): Promise<{ wipedTo: string | null; seen: number } | null> {
    return this.sql.row(WIPE_EXPIRED, [since, limit]);
  }

  /** How many it removed. */
  async removeOld(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD, [limit])).length;
  }

  private async issueAll(challenges: NewChallenge[]): Promise<Map<string, Issued>> {
    const [{ purpose, policy, resend, isTest }] = challenges as [NewChallenge];
    const rows = await this.sql.rows<Issued & Lane>(ISSUE, [
      purpose,
      policy.ttlSeconds,
      policy.resendSeconds,
      policy.maxAttempts,
      policy.sendsPerDay,
      policy.guessesPerDay,
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
    ]);
    return new Map(rows.map((row) => [rowOf(row), row]));
  }

  private async judgeAll(guesses: Guess[]): Promise<Map<string, Verdict>> {
    const [{ purpose, policy }] = guesses as [Guess];
    const rows = await this.sql.rows<Verdict & Lane>(VERIFY, [
      purpose,
      policy.maxAttempts,
      policy.guessesPerDay,
      guesses.map(({ recipient }) => recipient),
      guesses.map(({ lane }) => lane),
      guesses.map(({ hashes: [current] }) => current),
      guesses.map(({ hashes: [current, previous = current] }) => previous),
    ]);
    return new Map(rows.map((row) => [rowOf(row), row]));
  }
}

/** Which of a purpose's rows it is. A recipient has no blanks. */
function rowOf({ recipient, lane }: Lane): string {
  return `${recipient} ${lane}`;
}
