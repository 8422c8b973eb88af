import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Sql, statement } from '../database/sql.js';

/** Identifies a device and proves possession of its token. */
export interface DeviceKey {
  id: string;
  tokenHash: Buffer;
}

export interface DeviceRow {
  id: string;
  userAgent: string | null;
  createdAt: Date;
  lastUsedAt: Date;
}

/** Reads `users` only for one condition: the device must belong to the user with the address. */
const OF_ADDRESS = statement(
  'devices_of_address',
  `
    select d.id from devices d join users u on u.id = d.user_id
    where d.id = $1 and d.token_hash = $2 and d.last_used_at > now() - interval '180 days'
      and case when $3::boolean then u.phone = $4 and u.phone_verified_at is not null else u.email = $4 end`,
);

/**
 * Locks the user's row first. Statements that lock several rows of a user take them in the order
 * user, devices, sessions, so they cannot deadlock.
 */
const FORGET = statement(
  'devices_forget',
  `
    with owner as (select id from users where id = $2::uuid for no key update)
    delete from devices where user_id = (select id from owner) and id = (
      select device_id from sessions where id = $1::uuid and user_id = $2)`,
);

const OF_USER = statement(
  'devices_of_user',
  `
    select id, user_agent as "userAgent", created_at as "createdAt", last_used_at as "lastUsedAt"
    from devices where user_id = $1::uuid and id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    order by id limit $3::int`,
);

const FORGET_ALL = statement('devices_forget_all', `delete from devices where user_id = $1`);

const REMOVE_UNUSED = statement(
  'devices_remove_unused',
  `
    delete from devices where id = any (array(
      select id from devices where last_used_at < now() - interval '180 days'
      order by last_used_at limit $1 for update skip locked))
    returning 1`,
);

/** Recognised devices. A new device is inserted by the statement that opens its first session. */
@Injectable()
export class DeviceRepository {
  constructor(private readonly sql: Sql) {}

  /** Whether the device belongs to the user with this e-mail address or verified phone number. */
  async belongsToAddress(device: DeviceKey, address: string, isPhone: boolean): Promise<boolean> {
    return (await this.sql.row(OF_ADDRESS, [device.id, device.tokenHash, isPhone, address])) !== null;
  }

  list(userId: string, after: string | undefined, count: number): Promise<DeviceRow[]> {
    return this.sql.rows(OF_USER, [userId, after ?? null, count]);
  }

  /** Removes the device of one of the user's sessions. */
  async forget(sessionId: string, userId: string): Promise<void> {
    await this.sql.rows(FORGET, [sessionId, userId]);
  }

  async forgetAll(manager: EntityManager, userId: string): Promise<void> {
    await manager.query(FORGET_ALL.text, [userId]);
  }

  /** Returns the number of removed devices. */
  async removeUnused(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_UNUSED, [limit])).length;
  }
}
