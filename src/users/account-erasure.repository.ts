import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Recipient } from '../common/recipient.js';
import { UNDO_HOURS } from './contact-change.repository.js';

/**
 * An address of the account:
 * - `own`: the account proved it and no other account has it. Everything under it is erased.
 * - `former`: the account had it, and another account has it now. Messages up to `until` are erased.
 * - `claimed`: a number that the account gave and never proved, so it may be a stranger's.
 * - `requested`: an e-mail address that the account asked for and never proved. It may be a stranger's
 *   too.
 */
export interface PersonAddress {
  recipient: Recipient;
  kind: 'own' | 'former' | 'claimed' | 'requested';
  /** As text, because a `Date` would cut off the microseconds. */
  until: string;
}

/** Checks the time again after a lock was waited for, so that an undo that came first wins. */
const LOCK_DUE = `
  select id from users where closed_at <= now() - interval '${UNDO_HOURS} hours'
  order by closed_at limit 1 for update skip locked`;

const LOCK = 'select id from users where id = $1 for update';

/** The first row of a recipient counts: what the account has now comes before what it had. */
const ADDRESSES = `
  with person as (select * from users where id = $1),
  addresses as (
    select 1 as rank, 'email:' || email as recipient, 'own' as kind, now() as until
    from person where email is not null
    union all
    select 1, 'phone:' || phone, case when phone_verified_at is null then 'claimed' else 'own' end, now()
    from person where phone is not null
    union all
    select case when h.proved then 2 else 4 end, h.recipient, case
      when not h.proved then case when h.recipient like 'phone:%' then 'claimed' else 'requested' end
      when exists (select from users o where o.id <> $1 and (o.email = substr(h.recipient, 7)
        or (o.phone = substr(h.recipient, 7) and o.phone_verified_at is not null))) then 'former'
      else 'own' end, h.last_at
    from address_history h where h.user_id = $1
    union all
    select 3, 'email:' || pending_email, 'requested', now() from person where pending_email is not null
    union all
    select 3, 'phone:' || pending_phone, 'claimed', now() from person where pending_phone is not null)
  select distinct on (recipient) recipient, kind, until::text from addresses order by recipient, rank`;

/**
 * Under an address that may be a stranger's, only finished messages are removed, so that nobody can
 * stop a stranger's code. `context_hash` names the account that a code for a contact change is for.
 */
const MESSAGES = `
  delete from messages m
  using unnest($2::text[], $3::text[], $4::timestamptz[]) as a(recipient, kind, until)
  where m.recipient = any ($2) and m.recipient = a.recipient and case a.kind
    when 'own' then true
    when 'former' then m.created_at <= a.until
    else (m.finished_at is not null and (m.purpose = 'contact_change' or (a.kind = 'claimed'
        and not exists (select from users o where o.phone = substr(a.recipient, 7) and o.id <> $1))))
      or exists (select from challenges c where c.recipient = m.recipient and c.purpose = 'contact_change'
        and c.id = m.challenge_id and c.context_hash = ':' || $1::uuid) end`;

/** A stranger's codes and counters stay: an erasure must not give back used guesses. */
const CHALLENGES = `
  delete from challenges where recipient = any ($2::text[]) or (
    recipient = any ($3::text[]) and purpose = 'contact_change' and context_hash = ':' || $1::uuid)`;

const SUPPRESSIONS = 'delete from suppressions where recipient = any ($1::text[])';

const REGISTRATIONS = `
  delete from registrations where email = any (array(
    select substr(recipient, 7) from unnest($1::text[]) recipient where recipient like 'email:%'))`;

/** Foreign keys delete devices, sessions, customers, events, contact changes and the address history. */
const USER = 'delete from users where id = $1';

/** Every table with rows about a person. All statements run in one transaction. */
@Injectable()
export class AccountErasureRepository {
  /** Locks an account whose time is over and that no other process erases; null if there is none. */
  async lockDue(manager: EntityManager): Promise<string | null> {
    const [row] = await manager.query<{ id: string }[]>(LOCK_DUE);
    return row?.id ?? null;
  }

  /** Returns false if there is no such account. */
  async lock(manager: EntityManager, userId: string): Promise<boolean> {
    return (await manager.query<unknown[]>(LOCK, [userId])).length > 0;
  }

  /**
   * Messages are removed first. The statement that writes the outcome of a delivery locks the message
   * before it adds a suppression. So it either comes first, and its suppression is found here, or it
   * comes second and finds no message. Returns the account's own addresses.
   */
  async erase(manager: EntityManager, userId: string): Promise<Recipient[]> {
    const addresses = await manager.query<PersonAddress[]>(ADDRESSES, [userId]);
    const recipientsOf = (found: PersonAddress[]) => found.map(({ recipient }) => recipient);
    const own = recipientsOf(addresses.filter(({ kind }) => kind === 'own'));
    await manager.query(MESSAGES, [
      userId,
      recipientsOf(addresses),
      addresses.map(({ kind }) => kind),
      addresses.map(({ until }) => until),
    ]);
    await manager.query(CHALLENGES, [userId, own, recipientsOf(addresses)]);
    await manager.query(SUPPRESSIONS, [own]);
    await manager.query(REGISTRATIONS, [own]);
    await manager.query(USER, [userId]);
    return own;
  }
}
