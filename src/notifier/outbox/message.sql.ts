import { isSuppressed } from '../notifier.js';

/** An entry of a message's log; each argument is SQL. */
export const logEntry = (event: string, provider = 'null', reason = 'null', ref = 'null') =>
  `jsonb_build_object('at', (select to_jsonb(now())), 'event', (${event})::text, 'provider', (${provider})::text,
    'reason', (${reason})::text, 'ref', (${ref})::text)`;

/** Whether there is an entry of the event with the vendor's id. */
export const logHas = (event: string, ref: string) =>
  `m.log @> jsonb_build_array(jsonb_build_object('event', (${event})::text, 'ref', (${ref})::text))`;

/** Whether the newest entry is that, which makes it one of the attempt that is under way. */
export const logEndsWith = (event: string, ref: string) =>
  `(m.log <> '[]' and m.log -> -1 @> jsonb_build_object('event', (${event})::text, 'ref', (${ref})::text))`;

/**
 * Those of a challenge. The first is found by its own id, which is the challenge's, and any others by an index of what
 * repeats a code.
 */
export const belongsToChallenge = (id: string) =>
  `m.challenge_id = ${id} and (m.id = ${id} or m.challenge_id <> m.id)`;

/** Whether it would only confuse: its code was used, exhausted or replaced, or a newer message repeats it. */
const SUPERSEDED = `m.challenge_id is not null and (
  exists (select from messages newer
    where newer.challenge_id = m.challenge_id and newer.challenge_id <> newer.id and newer.created_at > m.created_at)
  or not exists (select from challenges c
    where c.recipient = m.recipient and c.purpose = m.purpose and c.lane = m.lane
      and c.id = m.challenge_id and c.code_sealed is not null))`;

/** `sending` while there is a reason to send it, else what it ends as. */
export const NEXT_STATE = `case
  when m.expires_at <= now() then 'expired'
  when ${SUPERSEDED} then 'superseded'
  when ${isSuppressed('m.recipient')} then 'failed'
  else 'sending' end`;
