import { Injectable } from '@nestjs/common';
import { QueryFailedError, type EntityManager } from 'typeorm';
import { newId } from '../common/random.js';
import type { Role } from '../common/access.js';
import { addressOf, isPhone, type Recipient } from '../common/recipient.js';
import { Batch } from '../database/batch.js';
import { Sql, statement, type Statement } from '../database/sql.js';
import type { Account } from './account.js';
import { UserError } from './users.errors.js';

/** Columns as `Account` names them. */
const ACCOUNT = `id, email, phone, phone_verified_at as "phoneVerifiedAt", username, first_name as "firstName",
  last_name as "lastName", password_hash as "passwordHash", roles, disabled_at as "disabledAt", stamp,
  created_at as "createdAt"`;

const BY_ID = statement('users_by_id', `select ${ACCOUNT} from users where id = any ($1::uuid[])`);

const BY_EMAIL = statement('users_by_email', `select ${ACCOUNT} from users where email = any ($1::text[])`);

const BY_PHONE = statement(
  'users_by_phone',
  `select ${ACCOUNT} from users where phone = $1 and phone_verified_at is not null`,
);

const CLAIMS = statement(
  'users_claims',
  'select 1 from users where phone = $1 and phone_verified_at is null limit 1',
);

const SIGN_UP = statement(
  'users_sign_up',
  `
    insert into users (id, email, phone, phone_verified_at)
    values ($1, $2, $3, case when $3::text is not null then now() end)
    on conflict do nothing
    returning ${ACCOUNT}`,
);

/** `undefined` leaves a name, `null` clears it. */
const SET_NAMES = statement(
  'users_set_names',
  `
    update users set
      username = case when $2::boolean then $3::text else username end,
      first_name = case when $4::boolean then $5::text else first_name end,
      last_name = case when $6::boolean then $7::text else last_name end,
      updated_at = now()
    where id = $1 returning ${ACCOUNT}`,
);

/** A better hash of the same password; nothing if it was changed meanwhile. */
const REHASH = statement(
  'users_rehash',
  'update users set password_hash = $3 where id = $1 and password_hash = $2',
);

const LIST = statement(
  'users_list',
  `
    select ${ACCOUNT} from users where id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
    order by id limit $2`,
);

/** By the beginning of an address: a range of its index, which compares byte by byte. */
const searchBy = (field: 'email' | 'phone') =>
  statement(
    `users_search_${field}`,
    `
    select ${ACCOUNT} from users
    where ${field} ~>=~ $2 and ${field} ~<~ ($2::text || chr(1114111)) and ($1::uuid is null or id > $1)
    order by id limit $3`,
  );
const SEARCH = { email: searchBy('email'), phone: searchBy('phone') };

const REMOVE = statement('users_remove', 'delete from users where id = $1');

/** What of an account's addresses is decided on must still be so when it is written. */
const UNCHANGED = 'id = $1 and ($3::int is null or stamp = $3)';

export interface Names {
  username?: string | null;
  firstName?: string | null;
  lastName?: string | null;
}

/** The table of users. What ends sessions as well runs in the caller's transaction, its row first. */
@Injectable()
export class UserRepository {
  private readonly ids = this.lookUp(BY_ID, ({ id }) => id);
  private readonly emails = this.lookUp(BY_EMAIL, ({ email }) => email ?? '');

  constructor(private readonly sql: Sql) {}

  byId(id: string): Promise<Account | null> {
    return this.ids.row(id);
  }

  byEmail(email: string): Promise<Account | null> {
    return this.emails.row(email);
  }

  /** The account that has proved an address. */
  byRecipient(recipient: Recipient): Promise<Account | null> {
    const address = addressOf(recipient);
    return isPhone(recipient) ? this.sql.row(BY_PHONE, [address]) : this.byEmail(address);
  }

  async isClaimed(phone: string): Promise<boolean> {
    return (await this.sql.row(CLAIMS, [phone])) !== null;
  }

  /** Null when the address has an account already. */
  signUp(recipient: Recipient): Promise<Account | null> {
    const address = addressOf(recipient);
    return this.sql.row(SIGN_UP, [
      newId(),
      isPhone(recipient) ? null : address,
      isPhone(recipient) ? address : null,
    ]);
  }

  setNames(id: string, { username, firstName, lastName }: Names): Promise<Account | null> {
    const changes = [username, firstName, lastName].flatMap((name) => [name !== undefined, name ?? null]);
    return this.sql.row(SET_NAMES, [id, ...changes]);
  }

  async rehash(id: string, from: string, to: string): Promise<void> {
    await this.sql.rows(REHASH, [id, from, to]);
  }

  list(after: string | null, limit: number): Promise<Account[]> {
    return this.sql.rows(LIST, [after, limit]);
  }

  search(prefix: string, after: string | null, limit: number): Promise<Account[]> {
    return this.sql.rows(SEARCH[prefix.startsWith('+') ? 'phone' : 'email'], [after, prefix, limit]);
  }

  /** Null when the account is not what the caller has read any more. */
  setPassword(manager: EntityManager, { id, stamp }: Account, hash: string): Promise<Account | null> {
    return this.change(manager, 'password_hash = $3, stamp = stamp + 1', 'id = $1 and stamp = $2', [
      id,
      stamp,
      hash,
    ]);
  }

  /** With a stamp: null when the account is not what the caller has read any more. */
  setEmail(
    manager: EntityManager,
    id: string,
    email: string | null,
    stamp?: number,
  ): Promise<Account | null> {
    return this.change(manager, 'email = $2, stamp = stamp + 1', UNCHANGED, [id, email, stamp ?? null]);
  }

  /** The same. */
  setPhone(
    manager: EntityManager,
    id: string,
    phone: string | null,
    stamp?: number,
  ): Promise<Account | null> {
    const set = `phone = $2, phone_verified_at = case when $2::text is not null then now() end, stamp = stamp + 1`;
    return this.change(manager, set, UNCHANGED, [id, phone, stamp ?? null]);
  }

  /** Gives a number that was just proved to the one account that claims it, unless somebody has proved it. */
  linkPhone(manager: EntityManager, phone: string): Promise<Account | null> {
    const where = `phone = $1 and email is not null and disabled_at is null
      and (select count(*) from users claiming where claiming.phone = $1) = 1`;
    return this.change(manager, 'phone_verified_at = now()', where, [phone]);
  }

  /** `undefined` leaves a value as it is. */
  setAccess(
    manager: EntityManager,
    id: string,
    { roles, disabled }: { roles?: Role[]; disabled?: boolean },
  ): Promise<Account | null> {
    const set = `roles = coalesce($2, roles), stamp = stamp + 1,
      disabled_at = case when $3::boolean is null then disabled_at when $3 then coalesce(disabled_at, now()) end`;
    return this.change(manager, set, 'id = $1', [id, roles ?? null, disabled ?? null]);
  }

  async dropPassword(manager: EntityManager, id: string): Promise<void> {
    await this.change(manager, 'password_hash = null, stamp = stamp + 1', 'id = $1', [id]);
  }

  /** Everything that belongs to the user goes with the row, by foreign keys. */
  async remove(id: string): Promise<void> {
    await this.sql.rows(REMOVE, [id]);
  }

  /** The accounts that requests look for at the same time, by one statement. */
  private lookUp(found: Statement, key: (account: Account) => string): Batch<string, Account> {
    return new Batch({
      key: (wanted) => wanted,
      readOnly: true,
      run: async (keys) => {
        const accounts = await this.sql.rows<Account>(found, [keys]);
        return new Map(accounts.map((account) => [key(account), account]));
      },
    });
  }

  /** The unique indexes decide whose an address is, between parallel requests too. Throws `address_taken`. */
  private async change(
    manager: EntityManager,
    set: string,
    where: string,
    values: unknown[],
  ): Promise<Account | null> {
    const text = `update users set ${set}, updated_at = now() where ${where} returning ${ACCOUNT}`;
    try {
      const [rows] = await manager.query<[Account[], number]>(text, values);
      return rows[0] ?? null;
    } catch (error) {
      throw isUniqueViolation(error) ? UserError.addressTaken() : error;
    }
  }
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof QueryFailedError && (error.driverError as { code?: string }).code === '23505';
}
