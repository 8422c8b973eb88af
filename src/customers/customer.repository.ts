import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { Sql, statement } from '../database/sql.js';
import { Customer } from './customer.entity.js';

/** Names one row, and nobody's but the owner's. */
export interface CustomerKey {
  id: string;
  ownerId: string;
}

export type CustomerRow = Omit<Customer, 'ownerId'>;

/** What is absent stays as it is; null clears. */
export type CustomerChanges = Partial<Pick<Customer, 'name' | 'contact' | 'address'>>;

const SHOWN = 'id, name, contact, address, created_at as "createdAt", updated_at as "updatedAt"';

const ADD = statement(
  'customers_add',
  `
    insert into customers (id, owner_id, name, contact, address)
    values ($1::uuid, $2::uuid, $3::text, $4::text, $5::text)
    returning ${SHOWN}`,
);

/** Each nullable column comes with whether it changes at all. */
const CHANGE = statement(
  'customers_change',
  `
    update customers set
      name = case when $3::boolean then $4::text else name end,
      contact = case when $5::boolean then $6::text else contact end,
      address = coalesce($7::text, address),
      updated_at = now()
    where id = $1::uuid and owner_id = $2::uuid
    returning ${SHOWN}`,
);

const FOREIGN_KEY_VIOLATION = '23503';

/** Every WHERE has the owner: what is somebody else's is not there. */
@Injectable()
export class CustomerRepository {
  constructor(
    private readonly sql: Sql,
    @InjectRepository(Customer) private readonly customers: Repository<Customer>,
  ) {}

  list(ownerId: string, after: string | undefined, count: number): Promise<CustomerRow[]> {
    return this.customers.find({
      where: { ownerId, ...(after && { id: MoreThan(after) }) },
      order: { id: 'ASC' },
      take: count,
    });
  }

  find({ id, ownerId }: CustomerKey): Promise<CustomerRow | null> {
    return this.customers.findOneBy({ id, ownerId });
  }

  /** Null when the owner's account has gone since the request came in. */
  async add(
    { id, ownerId }: CustomerKey,
    { name, contact, address }: Pick<Customer, 'name' | 'contact' | 'address'>,
  ): Promise<CustomerRow | null> {
    try {
      return await this.sql.row<CustomerRow>(ADD, [id, ownerId, name, contact, address]);
    } catch (error) {
      if ((error as { code?: unknown }).code === FOREIGN_KEY_VIOLATION) return null;
      throw error;
    }
  }

  change(
    { id, ownerId }: CustomerKey,
    { name, contact, address }: CustomerChanges,
  ): Promise<CustomerRow | null> {
    return this.sql.row<CustomerRow>(CHANGE, [
      id,
      ownerId,
      name !== undefined,
      name ?? null,
      contact !== undefined,
      contact ?? null,
      address ?? null,
    ]);
  }

  async remove({ id, ownerId }: CustomerKey): Promise<boolean> {
    const { affected } = await this.customers.delete({ id, ownerId });
    return affected === 1;
  }
}
