import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../database/sql.js';

/** Identifies one customer of one owner. */
export interface CustomerKey {
  id: string;
  ownerId: string;
}

export interface CustomerRow {
  id: string;
  name: string | null;
  contact: string | null;
  address: string;
  createdAt: Date;
  updatedAt: Date;
}

type CustomerFields = Pick<CustomerRow, 'name' | 'contact' | 'address'>;

const COLUMNS = 'id, name, contact, address, created_at as "createdAt", updated_at as "updatedAt"';

const LIST = statement(
  'customers_list',
  `
    select ${COLUMNS} from customers
    where owner_id = $1::uuid and id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    order by id limit $3::int`,
);

const FIND = statement(
  'customers_find',
  `select ${COLUMNS} from customers where id = $1::uuid and owner_id = $2::uuid`,
);

/**
 * Counts the customer and adds it in one statement. Of parallel calls, each one waits for the row of
 * the count and checks the limit against its newest value, so the limit is never exceeded.
 */
const ADD = statement(
  'customers_add',
  `
    with counted as (
      insert into customer_counts as c (owner_id, customers) values ($2::uuid, 1)
      on conflict (owner_id) do update set customers = c.customers + 1 where c.customers < $6::int
      returning owner_id)
    insert into customers (id, owner_id, name, contact, address)
    select $1::uuid, owner_id, $3::text, $4::text, $5::text from counted
    returning ${COLUMNS}`,
);

/** Each nullable column has a flag that says whether it changes, because null is a valid value. */
const UPDATE = statement(
  'customers_update',
  `
    update customers set
      name = case when $3::boolean then $4::text else name end,
      contact = case when $5::boolean then $6::text else contact end,
      address = coalesce($7::text, address),
      updated_at = now()
    where id = $1::uuid and owner_id = $2::uuid
    returning ${COLUMNS}`,
);

/** A customer is deleted once, so parallel calls count it once. */
const REMOVE = statement(
  'customers_remove',
  `
    with removed as (
      delete from customers where id = $1::uuid and owner_id = $2::uuid returning owner_id),
    counted as (
      update customer_counts c set customers = customers - 1 from removed where c.owner_id = removed.owner_id)
    select owner_id from removed`,
);

const FOREIGN_KEY_VIOLATION = '23503';

/** Every statement is limited to one owner, so no query can reach another user's customers. */
@Injectable()
export class CustomerRepository {
  constructor(private readonly sql: Sql) {}

  list(ownerId: string, after: string | undefined, count: number): Promise<CustomerRow[]> {
    return this.sql.rows<CustomerRow>(LIST, [ownerId, after ?? null, count]);
  }

  find({ id, ownerId }: CustomerKey): Promise<CustomerRow | null> {
    return this.sql.row<CustomerRow>(FIND, [id, ownerId]);
  }

  /**
   * Adds a customer unless the owner has `limit` of them. `ownerDeleted` means that the account was
   * deleted after the request was authenticated.
   */
  async add(
    { id, ownerId }: CustomerKey,
    { name, contact, address }: CustomerFields,
    limit: number,
  ): Promise<CustomerRow | 'full' | 'ownerDeleted'> {
    try {
      const values = [id, ownerId, name, contact, address, limit];
      return (await this.sql.row<CustomerRow>(ADD, values)) ?? 'full';
    } catch (error) {
      if ((error as { code?: unknown }).code === FOREIGN_KEY_VIOLATION) return 'ownerDeleted';
      throw error;
    }
  }

  /** `undefined` keeps a field, null clears it. */
  update(
    { id, ownerId }: CustomerKey,
    { name, contact, address }: Partial<CustomerFields>,
  ): Promise<CustomerRow | null> {
    return this.sql.row<CustomerRow>(UPDATE, [
      id,
      ownerId,
      name !== undefined,
      name ?? null,
      contact !== undefined,
      contact ?? null,
      address ?? null,
    ]);
  }

  /** Returns false if the customer does not exist. */
  async remove({ id, ownerId }: CustomerKey): Promise<boolean> {
    return (await this.sql.row(REMOVE, [id, ownerId])) !== null;
  }
}
