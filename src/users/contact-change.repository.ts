import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/random.js';
import { Sql, statement } from '../database/sql.js';

/** How long a contact change can be undone. */
export const UNDO_HOURS = 72;

export type ContactField = 'email' | 'phone';

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
  insert into contact_changes (id, user_id, field, old_address, token_hash, expires_at)
  values ($1, $2, $3, $4, $5, now() + interval '${UNDO_HOURS} hours')`;

/**
 * Locks the user before UNDO runs, as every change of an address does. Changes in progress are
 * committed before the next statement starts, and new ones wait.
 */
const LOCK_USER = statement(
  'contact_changes_lock_user',
  `
  select from users where id = (select user_id from contact_changes where token_hash = $1) for no key update`,
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
    delete from contact_changes where token_hash = $1 and expires_at > now()
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

  async add(
    manager: EntityManager,
    change: { userId: string; field: ContactField; oldAddress: string | null; tokenHash: Buffer },
  ): Promise<void> {
    const { userId, field, oldAddress, tokenHash } = change;
    await manager.query(ADD, [newId(), userId, field, oldAddress, tokenHash]);
  }

  /** Returns at most one change per field, or none if the token is invalid, used or expired. */
  async undo(manager: EntityManager, tokenHash: Buffer): Promise<UndoneChange[]> {
    await manager.query(LOCK_USER.text, [tokenHash]);
    return manager.query<UndoneChange[]>(UNDO.text, [tokenHash]);
  }

  list(userId: string, after: string | undefined, count: number): Promise<ContactChangeRow[]> {
    return this.sql.rows(OF_USER, [userId, after ?? null, count]);
  }

  /** Returns the number of removed rows. */
  async removeExpired(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_EXPIRED, [limit])).length;
  }
}
