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

const ADD = statement(
  'customers_add',
  `
    insert into customers (id, owner_id, name, contact, address)
    values ($1::uuid, $2::uuid, $3::text, $4::text, $5::text)
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

const REMOVE = statement(
  'customers_remove',
  'delete from customers where id = $1::uuid and owner_id = $2::uuid returning id',
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

  /** Null when the owner's account was deleted after the request was authenticated. */
  async add(
    { id, ownerId }: CustomerKey,
    { name, contact, address }: CustomerFields,
  ): Promise<CustomerRow | null> {
    try {
      const values = [id, ownerId, name, contact, address];
      return await this.sql.row<CustomerRow>(ADD, values);
    } catch (error) {
      if ((error as { code?: unknown }).code === FOREIGN_KEY_VIOLATION) return null;
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
