import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Recipient } from '../common/recipient.js';
import { Sql, statement } from '../database/sql.js';

export interface PastAddress {
  recipient: Recipient;
  /** The account had the address. False if it only asked for it. */
  proved: boolean;
  /** When the account last asked for it, got it or gave it up. */
  lastAt: Date;
}

/** More than the limits on messages allow an account in a month. */
const MAX_LISTED = 10_000;

/** FOR KEY SHARE waits for an erasure of the account in progress, so the foreign key cannot fail. */
const ADD = statement(
  'address_history_add',
  `
    insert into address_history as h (user_id, recipient, proved)
    select id, $2::text, $3::boolean from users where id = $1::uuid for key share
    on conflict (user_id, recipient) do update set proved = h.proved or excluded.proved, last_at = now()`,
);

const OF_USER = statement(
  'address_history_of_user',
  `
    select recipient, proved, last_at as "lastAt" from address_history where user_id = $1 order by recipient
    limit ${MAX_LISTED}`,
);

const REMOVE_OLD = statement(
  'address_history_remove_old',
  `
    delete from address_history where ctid = any (array(
      select ctid from address_history where last_at < now() - make_interval(days => $1::int)
      order by last_at limit $2::int for update skip locked))
    returning 1`,
);

/**
 * The addresses that accounts had or asked to change to. An erasure finds rows under them, for
 * example messages. Kept as long as such rows.
 */
@Injectable()
export class AddressHistoryRepository {
  constructor(private readonly sql: Sql) {}

  /** Records an address that the account asks to change to. */
  async addRequested(userId: string, recipient: Recipient): Promise<void> {
    await this.sql.rows(ADD, [userId, recipient, false]);
  }

  /** Records an address that the account has or gives up, in the transaction of the change. */
  async add(manager: EntityManager, userId: string, recipient: Recipient, proved: boolean): Promise<void> {
    await manager.query(ADD.text, [userId, recipient, proved]);
  }

  list(userId: string): Promise<PastAddress[]> {
    return this.sql.rows(OF_USER, [userId]);
  }

  /** Returns the number of removed rows. */
  async removeOld(days: number, limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD, [days, limit])).length;
  }
}
