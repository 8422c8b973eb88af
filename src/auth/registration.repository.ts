import { Injectable } from '@nestjs/common';
import { newId } from '../common/random.js';
import { Sql, statement } from '../database/sql.js';

export interface NewRegistration {
  email: string;
  /** From `Passwords.deterministicHash`, so that equal passwords have equal hashes. */
  passwordHash: string;
  username: string | null;
  firstName: string | null;
  lastName: string | null;
  phone: string | null;
  /** At least the lifetime of a code. */
  lifeSeconds: number;
}

/**
 * Stores the data of a registration, or nothing if the address already has an account.
 *
 * While a code for the address may be valid, a registration with different data makes the row
 * contested, and a contested row holds no data: the person who enters the code from the mailbox
 * must not end up with a stranger's password or name. The row lock of ON CONFLICT serialises
 * parallel registrations, so the second always sees the first. A row outlives every code sent for
 * it, because it is written before the code and lives longer.
 */
const REGISTER = statement(
  'registrations_register',
  `
    insert into registrations as r (email, password_hash, username, first_name, last_name, phone, expires_at)
    select $1::text, $2::text, $3::text, $4::text, $5::text, $6::text, now() + make_interval(secs => $7::int)
    where not exists (select from users where email = $1)
    on conflict (email) do update set
      (contested, password_hash, username, first_name, last_name, phone, created_at) = (
        select is_contested,
          case when not is_contested then excluded.password_hash end,
          case when not is_contested then excluded.username end,
          case when not is_contested then excluded.first_name end,
          case when not is_contested then excluded.last_name end,
          case when not is_contested then excluded.phone end,
          case when r.expires_at > now() then r.created_at else now() end
        from (select r.expires_at > now() and (r.contested
          or (r.password_hash, r.username, r.first_name, r.last_name, r.phone) is distinct from
             (excluded.password_hash, excluded.username, excluded.first_name, excluded.last_name, excluded.phone)
        ) as is_contested) as comparison),
      expires_at = excluded.expires_at
    returning email`,
);

/**
 * Creates the account of a verified address with the data of its registration, or without data if
 * the registration is contested or gone. Deleting and inserting in one statement means that a
 * registration is used only once. An account that already exists is left unchanged.
 */
const CREATE_ACCOUNT = statement(
  'registrations_create_account',
  `
    with registration as (delete from registrations where email = $1 returning *)
    insert into users (id, email, is_test, password_hash, username, first_name, last_name, phone)
    select $2, verified.email, $3, r.password_hash, r.username, r.first_name, r.last_name, r.phone
    from (select $1::text as email) as verified left join registration r on true
    on conflict do nothing`,
);

const FIND_PASSWORD_HASH = statement(
  'registrations_find_password_hash',
  'select password_hash as "passwordHash" from registrations where email = $1',
);

const REMOVE = statement('registrations_remove', 'delete from registrations where email = $1');

/**
 * Registrations are kept for a day after they expire, so that a sign-in can still answer that the
 * address is not verified.
 */
const REMOVE_OLD = statement(
  'registrations_remove_old',
  `
    delete from registrations where email = any (array(
      select email from registrations where expires_at < now() - interval '1 day'
      order by expires_at limit $1 for update skip locked))
    returning 1`,
);

@Injectable()
export class RegistrationRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns false if the address already has an account. */
  async register(registration: NewRegistration): Promise<boolean> {
    const { email, passwordHash, username, firstName, lastName, phone, lifeSeconds } = registration;
    const values = [email, passwordHash, username, firstName, lastName, phone, lifeSeconds];
    return (await this.sql.row(REGISTER, values)) !== null;
  }

  async createAccount(email: string, isTest: boolean): Promise<void> {
    await this.sql.rows(CREATE_ACCOUNT, [email, newId(), isTest]);
  }

  async findPasswordHash(email: string): Promise<string | null> {
    const row = await this.sql.row<{ passwordHash: string | null }>(FIND_PASSWORD_HASH, [email]);
    return row?.passwordHash ?? null;
  }

  async remove(email: string): Promise<void> {
    await this.sql.rows(REMOVE, [email]);
  }

  /** Returns the number of removed rows. */
  async removeOld(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD, [limit])).length;
  }
}
