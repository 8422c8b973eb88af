import { Injectable } from '@nestjs/common';
import { newId } from '../common/random.js';
import { Config } from '../config/config.js';
import { CommonError } from '../http/common.errors.js';
import { fetchLimit, type PageQuery } from '../http/pagination.js';
import { CustomerRepository, type CustomerKey } from './customer.repository.js';
import type { ChangedCustomer, CustomerContact, CustomerDetails, NewCustomer } from './customers.dto.js';
import { CustomerError } from './customers.errors.js';

/** Customers, always of one owner. Users cannot see each other's customers. */
@Injectable()
export class CustomersService {
  constructor(
    private readonly customers: CustomerRepository,
    private readonly config: Config,
  ) {}

  /** Returns a page and, if there are more, the first row of the next page. */
  list(ownerId: string, query: PageQuery): Promise<CustomerDetails[]> {
    return this.customers.list(ownerId, query.cursor, fetchLimit(query));
  }

  async find(key: CustomerKey): Promise<CustomerDetails> {
    return orNotFound(await this.customers.find(key));
  }

  async add(ownerId: string, body: NewCustomer): Promise<CustomerDetails> {
    const { name = null, address } = body;
    const contact = contactOf(body) ?? null;
    const key = { id: newId(), ownerId };
    const added = await this.customers.add(key, { name, contact, address }, this.config.CUSTOMERS_PER_USER);
    if (added === 'full') throw CustomerError.tooMany();
    if (added === 'ownerDeleted') throw CommonError.unauthorized();
    return added;
  }

  async change(key: CustomerKey, body: ChangedCustomer): Promise<CustomerDetails> {
    const { name, address } = body;
    const contact = contactOf(body);
    if (name === undefined && contact === undefined && address === undefined)
      throw CustomerError.nothingToChange();
    return orNotFound(await this.customers.update(key, { name, contact, address }));
  }

  async remove(key: CustomerKey): Promise<void> {
    if (!(await this.customers.remove(key))) throw CustomerError.notFound();
  }
}

function contactOf({ contact, contect }: CustomerContact): string | null | undefined {
  if (contact !== undefined && contect !== undefined) throw CustomerError.contactTwice();
  return contact === undefined ? contect : contact;
}

function orNotFound(customer: CustomerDetails | null): CustomerDetails {
  if (!customer) throw CustomerError.notFound();
  return customer;
}
