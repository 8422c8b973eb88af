import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Sql, statement } from '../database/sql.js';

/** A device whose user has the address; the users table is only read, for one condition. */
const OF_ADDRESS = statement(
  'devices_of_address',
  `
    select d.id from devices d join users u on u.id = d.user_id
    where d.id = $1 and d.token_hash = $2 and d.last_used_at > now() - interval '180 days'
      and case when $3::boolean then u.phone = $4 and u.phone_verified_at is not null else u.email = $4 end`,
);

/** The user's row first: whatever touches several rows of one user locks user, devices, sessions in this order. */
const FORGET = statement(
  'devices_forget',
  `
    with owner as (select id from users where id = $2::uuid for no key update)
    delete from devices where user_id = (select id from owner) and id = (
      select device_id from sessions where id = $1::uuid and user_id = $2)`,
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

/** Recognised devices. They are made where sessions are opened. */
@Injectable()
export class DeviceRepository {
  constructor(private readonly sql: Sql) {}

  /** Whether it is a device of the user who has this e-mail address or proved this phone number. */
  async isOf(device: { id: string; tokenHash: Buffer }, address: string, isPhone: boolean): Promise<boolean> {
    return (await this.sql.row(OF_ADDRESS, [device.id, device.tokenHash, isPhone, address])) !== null;
  }

  /** The device of a user's session. */
  async forget(sessionId: string, userId: string): Promise<void> {
    await this.sql.rows(FORGET, [sessionId, userId]);
  }

  async forgetAll(manager: EntityManager, userId: string): Promise<void> {
    await manager.query(FORGET_ALL.text, [userId]);
  }

  /** How many it removed. */
  async removeUnused(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_UNUSED, [limit])).length;
  }
}
