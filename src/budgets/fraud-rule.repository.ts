import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Sql, statement } from '../database/sql.js';

export type FraudEffect = 'block' | 'safe';
export type FraudScope = 'prefix' | 'country' | 'network';

/** A block or an entry of the safe list. */
export interface FraudRule {
  id: string;
  effect: FraudEffect;
  scope: FraudScope;
  value: string;
  reason: string;
  createdAt: Date;
  /** Null: until it is removed. */
  until: Date | null;
}

export interface NewFraudRule extends Omit<FraudRule, 'createdAt'> {
  createdBy: string;
}

/** Every process reads all of them every few seconds. */
export const MAX_RULES = 5_000;

const COLUMNS = 'id, effect, scope, value, reason, created_at as "createdAt", until';
const IS_ACTIVE = '(until is null or until > now())';

const ACTIVE = statement('fraud_rules_active', `select ${COLUMNS} from fraud_rules where ${IS_ACTIVE}`);

const LIST = statement(
  'fraud_rules_list',
  `
    select ${COLUMNS} from fraud_rules
    where effect = $1::text and ${IS_ACTIVE} and id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    order by id limit $3::int`,
);

/**
 * A second rule for the same value replaces the first one. The count is read as it was when the
 * statement began, so parallel additions can exceed the total by their number, which is harmless.
 */
const SAVE = `
  insert into fraud_rules as r (id, effect, scope, value, reason, created_by, until)
  select $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::uuid, $7::timestamptz
  where (select count(*) from fraud_rules) < ${MAX_RULES} and ($7 is null or $7 > now())
  on conflict (effect, scope, value) do update set
    reason = excluded.reason, created_by = excluded.created_by, created_at = now(), until = excluded.until
  returning ${COLUMNS}`;

const REMOVE = `
  delete from fraud_rules where id = $1::uuid and effect = $2::text and ${IS_ACTIVE} returning ${COLUMNS}`;

const REMOVE_ENDED = statement(
  'fraud_rules_remove_ended',
  `
    delete from fraud_rules where ctid = any (array(
      select ctid from fraud_rules where until <= now() limit $1 for update skip locked))
    returning 1`,
);

@Injectable()
export class FraudRuleRepository {
  constructor(private readonly sql: Sql) {}

  active(): Promise<FraudRule[]> {
    return this.sql.rows<FraudRule & Record<string, unknown>>(ACTIVE, []);
  }

  list(effect: FraudEffect, after: string | undefined, count: number): Promise<FraudRule[]> {
    return this.sql.rows<FraudRule & Record<string, unknown>>(LIST, [effect, after ?? null, count]);
  }

  /** Null if there are too many rules; `past` if the rule has ended by the database's clock. */
  async save(rule: NewFraudRule, manager: EntityManager): Promise<FraudRule | 'past' | null> {
    const { id, effect, scope, value, reason, createdBy, until } = rule;
    const values = [id, effect, scope, value, reason, createdBy, until];
    const [saved] = await manager.query<FraudRule[]>(SAVE, values);
    if (saved) return saved;
    const [time] = await manager.query<{ past: boolean }[]>('select $1::timestamptz <= now() as past', [
      until,
    ]);
    return time?.past ? 'past' : null;
  }

  /** Null if there is none. */
  async remove(id: string, effect: FraudEffect, manager: EntityManager): Promise<FraudRule | null> {
    const [[removed]] = await manager.query<[FraudRule[]]>(REMOVE, [id, effect]);
    return removed ?? null;
  }

  /** Returns the number of removed rows. */
  async removeEnded(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_ENDED, [limit])).length;
  }
}
