import { isSuppressed } from '../notifier.js';

// SQL about one row of `messages`, under the alias `m`. Arguments are SQL expressions.

/** An entry for `messages.log`. */
export const logEntry = (event: string, provider = 'null', reason = 'null', ref = 'null') =>
  `jsonb_build_object('at', (select to_jsonb(now())), 'event', (${event})::text, 'provider', (${provider})::text,
    'reason', (${reason})::text, 'ref', (${ref})::text)`;

/** Whether the log has an entry with this event and vendor id. */
export const logHas = (event: string, ref: string) =>
  `m.log @> jsonb_build_array(jsonb_build_object('event', (${event})::text, 'ref', (${ref})::text))`;

/**
 * Whether the newest log entry has this event and vendor id, so it concerns the current attempt.
 */
export const logEndsWith = (event: string, ref: string) =>
  `(m.log <> '[]' and m.log -> -1 @> jsonb_build_object('event', (${event})::text, 'ref', (${ref})::text))`;

/**
 * Whether a message belongs to a challenge. The first message has the id of the challenge. Later
 * ones are found by a partial index, which has the same condition.
 */
export const belongsToChallenge = (id: string) =>
  `m.challenge_id = ${id} and (m.id = ${id} or m.challenge_id <> m.id)`;

/** Whether the code was used, exhausted or replaced, or a newer message repeats it. */
const SUPERSEDED = `m.challenge_id is not null and (
  exists (select from messages newer
    where newer.challenge_id = m.challenge_id and newer.challenge_id <> newer.id and newer.created_at > m.created_at)
  or not exists (select from challenges c
    where c.recipient = m.recipient and c.purpose = m.purpose and c.lane = m.lane
      and c.id = m.challenge_id and c.code_sealed is not null))`;

/**
 * CTEs that record for the challenges of failed messages that their channel does not reach the
 * number. `changed` names the CTE with the changed messages, and `failures` is the parameter with the
 * `failure` texts that say so. A challenge that was replaced, or whose newest message has another
 * channel, stays unchanged: the row lock makes a parallel issue visible to these conditions. Rows are
 * locked in the order in which a batch of issues locks them, so that the two do not deadlock.
 */
export const recordUndeliverable = (changed: string, failures: string) => `
    unreached as (
      select c.recipient, c.purpose, c.lane
      from ${changed} m join challenges c on c.recipient = m.recipient and c.purpose = m.purpose and c.lane = m.lane
        and c.id = m.challenge_id and c.channel = m.channel
      where m.state = 'failed' and m.failure = any (${failures}::text[])
        and coalesce(c.channel <> all (c.undeliverable_channels), true)
      order by c.recipient, c.lane, c.purpose for update of c),
    recorded as (
      update challenges c set undeliverable_channels = array_append(c.undeliverable_channels, c.channel)
      from unreached u where c.recipient = u.recipient and c.purpose = u.purpose and c.lane = u.lane)`;

/** `sending` while there is a reason to send the message, else its final state. */
export const NEXT_STATE = `case
  when m.expires_at <= now() then 'expired'
  when ${SUPERSEDED} then 'superseded'
  when ${isSuppressed('m.recipient', 'm.from_device')} then 'failed'
  else 'sending' end`;
