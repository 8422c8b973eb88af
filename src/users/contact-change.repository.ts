import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { isPhone, type Recipient } from '../common/recipient.js';
import { Sql, statement } from '../database/sql.js';

/** How long a contact change can be undone. */
export const UNDO_HOURS = 72;

export type ContactField = 'email' | 'phone';

export function fieldOf(recipient: Recipient): ContactField {
  return isPhone(recipient) ? 'phone' : 'email';
}

export interface NewChange {
  id: string;
  userId: string;
  field: ContactField;
  oldAddress: string | null;
}

export interface UndoneChange {
  userId: string;
  field: ContactField;
  oldAddress: string | null;
}

export interface ContactChangeRow {
  id: string;
  field: ContactField;
  oldAddress: string | null;
  createdAt: Date;
  expiresAt: Date;
}

const ADD = `
  insert into contact_changes (id, user_id, field, old_address, expires_at)
  values ($1, $2, $3, $4, now() + interval '${UNDO_HOURS} hours')`;

/** The new address comes from the account, which may have been changed again since. */
const FIND_OPEN = statement(
  'contact_changes_find_open',
  `
    select id, "to" from (
      select c.id, c.created_at, case c.field when 'email' then u.email else u.phone end as "to"
      from contact_changes c join users u on u.id = c.user_id
      where c.field = $1 and c.old_address = $2 and c.expires_at > now()) as change
    where "to" <> $2 order by created_at desc limit 1`,
);

/**
 * Locks the user before UNDO runs, as every change of an address does. Changes in progress are
 * committed before the next statement starts, and new ones wait. Also locks the accounts that claim
 * a number which UNDO restores, in the order in which every proof of a number locks them.
 */
const LOCK_USERS = statement(
  'contact_changes_lock_users',
  `
    with changed as (select user_id from contact_changes where id = $1),
    affected as (
      select user_id from changed
      union all
      select u.id from changed
        join contact_changes c on c.user_id = changed.user_id and c.field = 'phone'
        join users u on u.phone = c.old_address and u.phone_verified_at is null)
    select from users where id = any (array(select user_id from affected)) order by id for no key update`,
);

/**
 * Undoes a change, once: only one of several parallel requests deletes the row. Later changes of
 * either field are undone too, because the same intruder may have made them and their undo links
 * went to the intruder's addresses. Each field gets back the address it had before the first of
 * these changes.
 */
const UNDO = statement(
  'contact_changes_undo',
  `
  with undone as (
    delete from contact_changes where id = $1 and expires_at > now()
    returning user_id, field, old_address, created_at),
  later_changes as (
    delete from contact_changes c using undone u where c.user_id = u.user_id and c.created_at > u.created_at
    returning c.user_id, c.field, c.old_address, c.created_at)
  select distinct on (field) user_id as "userId", field, old_address as "oldAddress"
  from (table undone union all table later_changes) as change
  order by field, change.created_at`,
);

const OF_USER = statement(
  'contact_changes_of_user',
  `
    select id, field, old_address as "oldAddress", created_at as "createdAt", expires_at as "expiresAt"
    from contact_changes where user_id = $1::uuid and id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    order by id limit $3::int`,
);

const REMOVE_EXPIRED = statement(
  'contact_changes_remove_expired',
  `
    delete from contact_changes where id = any (array(
      select id from contact_changes where expires_at <= now() order by expires_at limit $1 for update skip locked))
    returning 1`,
);

@Injectable()
export class ContactChangeRepository {
  constructor(private readonly sql: Sql) {}

  async add(manager: EntityManager, { id, userId, field, oldAddress }: NewChange): Promise<void> {
    await manager.query(ADD, [id, userId, field, oldAddress]);
  }

  /** The newest change away from the address that can be undone, if the account has another one now. */
  findOpen(field: ContactField, oldAddress: string): Promise<{ id: string; to: string } | null> {
    return this.sql.row(FIND_OPEN, [field, oldAddress]);
  }

  /** Returns at most one change per field, or none if the change was undone or has expired. */
  async undo(manager: EntityManager, id: string): Promise<UndoneChange[]> {
    await manager.query(LOCK_USERS.text, [id]);
    return manager.query<UndoneChange[]>(UNDO.text, [id]);
  }

  list(userId: string, after: string | undefined, count: number): Promise<ContactChangeRow[]> {
    return this.sql.rows(OF_USER, [userId, after ?? null, count]);
  }

  /** Returns the number of removed rows. */
  async removeExpired(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_EXPIRED, [limit])).length;
  }
}
