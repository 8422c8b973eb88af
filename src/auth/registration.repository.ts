import { Injectable } from '@nestjs/common';
import { newId } from '../common/random.js';
import { Sql, statement } from '../database/sql.js';

export interface NewRegistration {
  email: string;
  /** By `Passwords.hashFor`: equal for an equal password. */
  passwordHash: string;
  username: string | null;
  firstName: string | null;
  lastName: string | null;
  phone: string | null;
  /** At least the life of a code. */
  lifeSeconds: number;
}

/**
 * Keeps what was given for an address that has no account, or nothing where it has one.
 *
 * While a code of the address may live, other data than before makes the registration contested, and from then on
 * nothing of it is kept: whoever types the code from the mailbox must not get a stranger's password or name. The row
 * lock of ON CONFLICT puts parallel registrations in a row, so the second always sees the first. A registration lives
 * at least as long as any code sent for it, for it is written before its code and its life is longer.
 */
const REGISTER = statement(
  'registrations_register',
  `
    insert into registrations as r (email, password_hash, username, first_name, last_name, phone, expires_at)
    select $1::text, $2::text, $3::text, $4::text, $5::text, $6::text, now() + make_interval(secs => $7::int)
    where not exists (select from users where email = $1)
    on conflict (email) do update set
      (contested, password_hash, username, first_name, last_name, phone, created_at) = (
        select clash,
          case when not clash then excluded.password_hash end,
          case when not clash then excluded.username end,
          case when not clash then excluded.first_name end,
          case when not clash then excluded.last_name end,
          case when not clash then excluded.phone end,
          case when r.expires_at > now() then r.created_at else now() end
        from (select r.expires_at > now() and (r.contested
          or (r.password_hash, r.username, r.first_name, r.last_name, r.phone) is distinct from
             (excluded.password_hash, excluded.username, excluded.first_name, excluded.last_name, excluded.phone)
        ) as clash) as judged),
      expires_at = excluded.expires_at
    returning email`,
);

/**
 * Makes the account of an address whose code was right, with what was given for it, or with nothing if that is
 * contested or gone. One statement, so the registration is used once; an account that came first is left as it is.
 */
const OPEN = statement(
  'registrations_open',
  `
    with given as (delete from registrations where email = $1 returning *)
    insert into users (id, email, password_hash, username, first_name, last_name, phone)
    select $2, proved.email, g.password_hash, g.username, g.first_name, g.last_name, g.phone
    from (select $1::text as email) as proved left join given g on true
    on conflict do nothing`,
);

const PASSWORD_OF = statement(
  'registrations_password_of',
  'select password_hash as "passwordHash" from registrations where email = $1',
);

const DROP = statement('registrations_drop', 'delete from registrations where email = $1');

/** A day longer than they can be proved, so that a sign-in can still say what is missing. */
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

  /** False when the address has an account. */
  async register(registration: NewRegistration): Promise<boolean> {
    const { email, passwordHash, username, firstName, lastName, phone, lifeSeconds } = registration;
    const values = [email, passwordHash, username, firstName, lastName, phone, lifeSeconds];
    return (await this.sql.row(REGISTER, values)) !== null;
  }

  async createAccount(email: string): Promise<void> {
    await this.sql.rows(OPEN, [email, newId()]);
  }

  async passwordHashOf(email: string): Promise<string | null> {
    const row = await this.sql.row<{ passwordHash: string | null }>(PASSWORD_OF, [email]);
    return row?.passwordHash ?? null;
  }

  async drop(email: string): Promise<void> {
    await this.sql.rows(DROP, [email]);
  }

  /** How many it removed. */
  async removeOld(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_OLD, [limit])).length;
  }
}
