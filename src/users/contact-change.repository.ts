import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/random.js';
import { Sql, statement } from '../database/sql.js';

/** How long a change can be undone. */
export const UNDO_HOURS = 72;

export type ContactField = 'email' | 'phone';

export interface UndoneChange {
  userId: string;
  field: ContactField;
  oldAddress: string | null;
}

const ADD = `
  insert into contact_changes (id, user_id, field, old_address, token_hash, expires_at)
  values ($1, $2, $3, $4, $5, now() + interval '${UNDO_HOURS} hours')`;

/**
 * The user's row first, as in every change of an address: what is under way is there when the next statement looks,
 * and what starts meanwhile waits.
 */
const HOLD_OWNER = statement(
  'contact_changes_hold_owner',
  `
  select from users where id = (select user_id from contact_changes where token_hash = $1) for no key update`,
);

/**
 * Takes a change back, once: of parallel requests one deletes the row. Later changes go with it, of the other field
 * too, for they are of whoever made this one, and so are the addresses that their undo went to. Each field gets the
 * address that it had before the first of them.
 */
const TAKE_BACK = statement(
  'contact_changes_take_back',
  `
  with undone as (
    delete from contact_changes where token_hash = $1 and expires_at > now()
    returning user_id, field, old_address, created_at),
  later as (
    delete from contact_changes c using undone u where c.user_id = u.user_id and c.created_at > u.created_at
    returning c.user_id, c.field, c.old_address, c.created_at)
  select distinct on (field) user_id as "userId", field, old_address as "oldAddress"
  from (table undone union all table later) as change
  order by field, change.created_at`,
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

  /** One a field; none when the token is not good any more. */
  async undo(manager: EntityManager, tokenHash: Buffer): Promise<UndoneChange[]> {
    await manager.query(HOLD_OWNER.text, [tokenHash]);
    return manager.query<UndoneChange[]>(TAKE_BACK.text, [tokenHash]);
  }

  /** How many it removed. */
  async removeExpired(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_EXPIRED, [limit])).length;
  }
}
