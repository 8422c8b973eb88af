import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Sql, statement } from '../database/sql.js';

/** A key pair that signs tokens for one period. The public key is derived from the private one. */
export interface StoredKey {
  /** Number of the period since 1970. It is the same for all processes. */
  period: number;
  /** Identifies the `APP_SECRET` that the private key is sealed under. */
  secretId: string;
  kid: string;
  /** Bound to the other columns, so that it is accepted in its own row only. */
  privateSealed: Buffer;
}

export interface StoredKeys {
  currentPeriod: number;
  keys: StoredKey[];
}

/** How long each key is used for signing. */
const PERIOD_DAYS = 30;

/**
 * The keys of the previous, the current and the next period, under the given secrets. The primary key
 * bounds them: one per period and secret, however many rows somebody adds. The period follows the
 * clock of the database, so that every process signs with the same key.
 */
const READ = statement(
  'signing_keys_read',
  `
    with now as (select floor(extract(epoch from now()) / ${PERIOD_DAYS * 86_400})::integer as period)
    select now.period as "currentPeriod", k.period, k.secret_id as "secretId", k.kid,
      k.private_sealed as "privateSealed"
    from now left join signing_keys k
      on k.period between now.period - 1 and now.period + 1 and k.secret_id = any ($1::text[])
    order by k.period, k.secret_id`,
);

/**
 * If several processes add the key of one period and secret at once, the first one wins and the
 * others change nothing: they find another sealed key than the refused one, or find a row and have
 * refused none ($5 is null). The caller reads the stored key afterwards.
 */
const ADD = statement(
  'signing_keys_add',
  `
    insert into signing_keys as k (period, secret_id, kid, private_sealed)
    values ($1::integer, $2::text, $3::text, $4::bytea)
    on conflict (period, secret_id) do update
      set kid = excluded.kid, private_sealed = excluded.private_sealed, created_at = now()
      where k.private_sealed = $5::bytea`,
);

const REMOVE_BEFORE = statement('signing_keys_remove', 'delete from signing_keys where period < $1::integer');

/** Without a kid: all keys. No process can add a removed key again, because it adds new ones only. */
const REVOKE = statement(
  'signing_keys_revoke',
  'delete from signing_keys where kid = coalesce($1::text, kid) returning kid',
);

@Injectable()
export class SigningKeyRepository {
  constructor(private readonly sql: Sql) {}

  async read(secretIds: string[]): Promise<StoredKeys> {
    type Row = { currentPeriod: number } & (StoredKey | { [Name in keyof StoredKey]: null });
    const rows = await this.sql.rows<Row>(READ, [secretIds]);
    const keys = rows.flatMap(({ currentPeriod: _, ...key }) => (key.kid === null ? [] : [key]));
    return { currentPeriod: rows[0]?.currentPeriod ?? 0, keys };
  }

  /** Replaces a row that was refused, if it is still the same. */
  async add({ period, secretId, kid, privateSealed }: StoredKey, refused?: StoredKey): Promise<void> {
    await this.sql.rows(ADD, [period, secretId, kid, privateSealed, refused?.privateSealed ?? null]);
  }

  async removeBefore(period: number): Promise<void> {
    await this.sql.rows(REMOVE_BEFORE, [period]);
  }

  /** Returns the ids of the removed keys. */
  async revoke(manager: EntityManager, kid: string | null): Promise<string[]> {
    const [rows] = await manager.query<[{ kid: string }[], number]>(REVOKE.text, [kid]);
    return rows.map((row) => row.kid);
  }
}
