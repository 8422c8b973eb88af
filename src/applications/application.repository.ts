import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Batch } from '../database/batch.js';
import { Sql, statement } from '../database/sql.js';
import type { ApplicationLimits, ClientApplication } from '../http/client.js';

/** An application as administrators see it. */
export interface ApplicationRow extends ClientApplication {
  name: string;
  createdAt: Date;
  disabledAt: Date | null;
  previousSecretExpiresAt: Date | null;
}

/** An application as its requests are checked. */
export interface AuthenticationRow extends ClientApplication {
  disabled: boolean;
  secretHash: Buffer | null;
  previousSecretHash: Buffer | null;
}

export interface NewRow extends ClientApplication {
  name: string;
  secretHash: Buffer | null;
}

/** The new values of the fields that change. */
export interface ApplicationChange {
  name?: string;
  purposes?: string[] | null;
  channels?: string[] | null;
  countries?: string[] | null;
  origins?: string[];
  audience?: string | null;
  brandName?: string | null;
  smsHost?: string | null;
  /** Limits that are not given stay. */
  limits?: Partial<ApplicationLimits>;
}

const CLIENT_COLUMNS = `id, kind, purposes, channels, countries, origins, audience, brand_name as "brandName",
  sms_host as "smsHost", limits`;

const COLUMNS = `${CLIENT_COLUMNS}, name, created_at as "createdAt", disabled_at as "disabledAt",
  case when previous_secret_expires_at > now() then previous_secret_expires_at end as "previousSecretExpiresAt"`;

const AUTHENTICATION = statement(
  'applications_authentication',
  `
    select ${CLIENT_COLUMNS}, disabled_at is not null as disabled, secret_hash as "secretHash",
      case when previous_secret_expires_at > now() then previous_secret_hash end as "previousSecretHash"
    from applications where id = any ($1::text[])`,
);

const ORIGINS = statement(
  'applications_origins',
  `select distinct unnest(origins) as origin from applications where kind = 'browser' and disabled_at is null`,
);

const FIND = statement('applications_find', `select ${COLUMNS} from applications where id = $1`);

const LIST = statement(
  'applications_list',
  `select ${COLUMNS} from applications where id > coalesce($1::text, '') order by id limit $2::int`,
);

const ADD = `
  insert into applications
    (id, name, kind, secret_hash, purposes, channels, countries, origins, audience, brand_name, sms_host, limits)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  returning ${COLUMNS}`;

/**
 * One statement, so that two changes of different fields at once both last. Fields that $2 does not
 * have keep the values of the locked row. Only a browser application has origins. Disabling again
 * keeps the first time.
 */
const CHANGE = `
  with changed as (
    update applications a set
      (name, purposes, channels, countries, origins, audience, brand_name, sms_host, limits, disabled_at) = (
        select n.name, n.purposes, n.channels, n.countries, n.origins, n.audience, n.brand_name,
          n.sms_host, a.limits || coalesce($2::jsonb -> 'limits', '{}'),
          case $3::boolean when true then coalesce(a.disabled_at, now()) when false then null else a.disabled_at end
        from jsonb_populate_record(a, $2::jsonb - 'limits') n)
    where a.id = $1 and (a.kind = 'browser' or not $2::jsonb ? 'origins')
    returning a.*)
  select ${COLUMNS} from changed`;

/** The row lock decides the order of two rotations: the secret of the first becomes the previous one. */
const ROTATE = `
  with rotated as (
    update applications set
      secret_hash = $2,
      previous_secret_hash = case when $3::boolean then null else secret_hash end,
      previous_secret_expires_at = case when $3::boolean then null else now() + interval '24 hours' end
    where id = $1 and kind = 'server'
    returning *)
  select ${COLUMNS} from rotated`;

const REMOVE = `
  with removed as (delete from applications where id = $1 returning id)
  select id from removed`;

/** Applications and the hashes of their secrets. */
@Injectable()
export class ApplicationRepository {
  /** Wrong credentials are read before any limit counts them, so a flood of them shares statements. */
  private readonly authentications = new Batch<string, AuthenticationRow>({
    key: (id) => id,
    readOnly: true,
    run: async (ids) => {
      const rows = await this.sql.rows<AuthenticationRow & Record<string, unknown>>(AUTHENTICATION, [ids]);
      return new Map(rows.map((row) => [row.id, row]));
    },
  });

  constructor(private readonly sql: Sql) {}

  /** Also if it is disabled. */
  authentication(id: string): Promise<AuthenticationRow | null> {
    return this.authentications.row(id);
  }

  /** The origins of all enabled browser applications. */
  async origins(): Promise<string[]> {
    return (await this.sql.rows<{ origin: string }>(ORIGINS, [])).map(({ origin }) => origin);
  }

  find(id: string): Promise<ApplicationRow | null> {
    return this.sql.row<ApplicationRow>(FIND, [id]);
  }

  /** Oldest first. */
  list(after: string | undefined, count: number): Promise<ApplicationRow[]> {
    return this.sql.rows<ApplicationRow>(LIST, [after ?? null, count]);
  }

  async add(manager: EntityManager, row: NewRow): Promise<ApplicationRow> {
    const { id, name, kind, secretHash, purposes, channels, countries, origins, audience } = row;
    const values = [id, name, kind, secretHash, purposes, channels, countries, origins, audience];
    const texts = [row.brandName, row.smsHost, JSON.stringify(row.limits)];
    const [added] = await manager.query<[ApplicationRow]>(ADD, [...values, ...texts]);
    return added;
  }

  /** Null if there is no such application, or if origins are given for a server. */
  async change(
    manager: EntityManager,
    id: string,
    { brandName, smsHost, ...change }: ApplicationChange,
    disabled?: boolean,
  ): Promise<ApplicationRow | null> {
    // JSON leaves out what is undefined.
    const fields = JSON.stringify({ ...change, brand_name: brandName, sms_host: smsHost });
    const [row] = await manager.query<ApplicationRow[]>(CHANGE, [id, fields, disabled ?? null]);
    return row ?? null;
  }

  /** Null if there is no such server application. */
  async rotate(
    manager: EntityManager,
    id: string,
    { secretHash, revokePrevious }: { secretHash: Buffer; revokePrevious: boolean },
  ): Promise<ApplicationRow | null> {
    const [row] = await manager.query<ApplicationRow[]>(ROTATE, [id, secretHash, revokePrevious]);
    return row ?? null;
  }

  /** Returns whether there was such an application. */
  async remove(manager: EntityManager, id: string): Promise<boolean> {
    return (await manager.query<unknown[]>(REMOVE, [id])).length > 0;
  }
}
