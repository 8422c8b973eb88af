import { IsOptional } from 'class-validator';
import { IfGiven } from '../http/if-given.js';
import { IsLine, IsLines } from './is-text.js';

export class CustomerContact {
  /**
   * Who it is: one line of up to 128 characters; null for none.
   * @example "Grace Hopper"
   */
  @IsOptional()
  @IsLine('name')
  name?: string | null;

  /**
   * How to reach them: one line of up to 128 characters, such as a phone number; null for none.
   * @example "+14155550123"
   */
  @IsOptional()
  @IsLine('contact')
  contact?: string | null;

  /**
   * Another name of `contact`, for clients that spell it so. Give one of them.
   * @example "+14155550123"
   */
  @IsOptional()
  @IsLine('contect')
  contect?: string | null;
}

export class NewCustomer extends CustomerContact {
  /**
   * Where they are: up to 512 characters, with line breaks.
   * @example "1 Navy Yard, Arlington"
   */
  @IsLines('address')
  address!: string;
}

export class ChangedCustomer extends CustomerContact {
  /**
   * Where they are: up to 512 characters, with line breaks.
   * @example "2 Navy Yard, Arlington"
   */
  @IfGiven()
  @IsLines('address')
  address?: string;
}

export class CustomerDetails {
  /**
   * Names the customer.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  id!: string;

  /**
   * Who it is.
   * @example "Grace Hopper"
   */
  name!: string | null;

  /**
   * How to reach them.
   * @example "+14155550123"
   */
  contact!: string | null;

  /**
   * Where they are.
   * @example "1 Navy Yard, Arlington"
   */
  address!: string;

  /**
   * When the customer was added.
   * @example "2026-11-21T10:00:00.000Z"
   */
  createdAt!: Date;

  /**
   * When the customer was last changed.
   * @example "2026-11-21T10:00:00.000Z"
   */
  updatedAt!: Date;
}

export class LegacyCustomerDetails extends CustomerDetails {
  /**
   * The same as `contact`.
   * @example "+14155550123"
   */
  contect!: string | null;
}
