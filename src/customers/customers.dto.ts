import { IsOptional } from 'class-validator';
import { Format } from '../http/formats.js';
import { IfGiven } from '../http/if-given.js';
import { IsLine, IsLines } from './is-text.js';

export class CustomerContact {
  /**
   * Name: one line of up to 128 characters, or null.
   * @example "Dorothy Vaughan"
   */
  @IsOptional()
  @IsLine('name')
  name?: string | null;

  /**
   * Contact, such as a phone number: one line of up to 128 characters, or null.
   * @example "+12025550146"
   */
  @IsOptional()
  @IsLine('contact')
  contact?: string | null;

  /**
   * Another name for `contact`, for clients that spell it this way. Send only one of them.
   * @example "+12025550146"
   */
  @IsOptional()
  @IsLine('contect')
  contect?: string | null;
}

export class NewCustomer extends CustomerContact {
  /**
   * Postal address: up to 512 characters, may have several lines.
   * @example "1 Navy Yard, Arlington"
   */
  @IsLines('address')
  address!: string;
}

export class ChangedCustomer extends CustomerContact {
  /**
   * Postal address: up to 512 characters, may have several lines.
   * @example "2 Navy Yard, Arlington"
   */
  @IfGiven()
  @IsLines('address')
  address?: string;
}

export class CustomerDetails {
  /**
   * Id of the customer.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  @Format('uuid')
  id!: string;

  /**
   * Name of the customer.
   * @example "Dorothy Vaughan"
   */
  name!: string | null;

  /**
   * Contact, such as a phone number.
   * @example "+12025550146"
   */
  contact!: string | null;

  /**
   * Postal address.
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
