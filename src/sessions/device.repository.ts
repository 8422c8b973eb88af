import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Sql, statement } from '../database/sql.js';

/** Identifies a device and proves possession of its token. */
export interface DeviceKey {
  id: string;
  tokenHash: Buffer;
}

/** Per user. */
const MAX_DEVICES = 10;

export interface DeviceRow {
  id: string;
  userAgent: string | null;
  createdAt: Date;
  lastUsedAt: Date;
}

/**
 * The condition that a row of `devices` is the device of a presented token. Besides the newest
 * token, the one before it counts, because the reply with the newest one may have been lost.
 */
export function deviceMatches(devices: string, id: string, tokenHash: string): string {
  return `${devices}.id = ${id} and ${tokenHash} in (${devices}.token_hash, ${devices}.previous_hash)`;
}

/** Reads `users` only for one condition: the device must belong to the user with the address. */
const OF_ADDRESS = statement(
  'devices_of_address',
  `
    select d.id from devices d join users u on u.id = d.user_id
    where ${deviceMatches('d', '$1::uuid', '$2::bytea')} and d.last_used_at > now() - interval '180 days'
      and case when $3::boolean then u.phone = $4 and u.phone_verified_at is not null else u.email = $4 end`,
);

/** An account that claims a phone number, as it was when the evidence was checked. */
export interface Claimant {
  userId: string;
  securityStamp: number;
}

/** The user of the device, if this user claims the phone number without having verified it. */
const OF_CLAIMANT = statement(
  'devices_of_claimant',
  `
    select u.id as "userId", u.security_stamp as "securityStamp" from devices d join users u on u.id = d.user_id
    where ${deviceMatches('d', '$1::uuid', '$2::bytea')} and d.last_used_at > now() - interval '180 days'
      and u.phone = $3 and u.phone_verified_at is null`,
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

/** Runs under the lock on the user's row, so that it sees every device and none is added meanwhile. */
const FORGET_OLDEST = statement(
  'devices_forget_oldest',
  `
    delete from devices where id = any (array(
      select id from devices where user_id = $1 order by last_used_at desc, id desc offset ${MAX_DEVICES}))`,
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

  findClaimant(device: DeviceKey, phone: string): Promise<Claimant | null> {
    return this.sql.row(OF_CLAIMANT, [device.id, device.tokenHash, phone]);
  }

  list(userId: string, after: string | undefined, count: number): Promise<DeviceRow[]> {
    return this.sql.rows(OF_USER, [userId, after ?? null, count]);
  }

  /** Removes the device of one of the user's sessions. */
  async forget(sessionId: string, userId: string): Promise<void> {
    await this.sql.rows(FORGET, [sessionId, userId]);
  }

  /** Forgets the devices beyond the ten most recently used. Needs the lock on the user's row. */
  async forgetOldest(manager: EntityManager, userId: string): Promise<void> {
    await manager.query(FORGET_OLDEST.text, [userId]);
  }

  async forgetAll(manager: EntityManager, userId: string): Promise<void> {
    await manager.query(FORGET_ALL.text, [userId]);
  }

  /** Returns the number of removed devices. */
  async removeUnused(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_UNUSED, [limit])).length;
  }
}
