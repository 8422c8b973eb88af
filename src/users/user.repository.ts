import { Injectable } from '@nestjs/common';
import { QueryFailedError, type EntityManager } from 'typeorm';
import type { AppError } from '../common/app-error.js';
import { newId } from '../common/random.js';
import type { Role } from '../http/access.js';
import { addressOf, isPhone, type Recipient } from '../common/recipient.js';
import { Batch } from '../database/batch.js';
import { Sql, statement, type Statement } from '../database/sql.js';
import type { Account } from './account.js';
import { ADMINISTRATORS } from './administrators.js';
import { UNDO_HOURS, type ContactField } from './contact-change.repository.js';
import { UserError } from './users.errors.js';

/** Column list with the names of `Account`. */
const ACCOUNT = `id, email, phone, phone_verified_at as "phoneVerifiedAt", username, first_name as "firstName",
  last_name as "lastName", password_hash as "passwordHash", roles, disabled_at as "disabledAt",
  closed_at as "closedAt", closure_id as "closureId", is_test as "isTest", security_stamp as "securityStamp",
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
    insert into users (id, email, phone, phone_verified_at, is_test)
    values ($1, $2, $3, case when $3::text is not null then now() end, $4)
    on conflict do nothing
    returning ${ACCOUNT}`,
);

/** Each name has a flag that says whether it changes, because null is a valid value. */
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

/**
 * Replaces the hash by a stronger one of the same password, unless the password has changed since.
 */
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

/** Prefix search, written as a range of the bytewise index on the column. */
const searchBy = (field: 'email' | 'phone') =>
  statement(
    `users_search_${field}`,
    `
    select ${ACCOUNT} from users
    where ${field} ~>=~ $2 and ${field} ~<~ ($2::text || chr(1114111)) and ($1::uuid is null or id > $1)
    order by id limit $3`,
  );
const SEARCH = { email: searchBy('email'), phone: searchBy('phone') };

/** A request for another address replaces the one before, so that only the newest can be confirmed. */
const setPending = (field: ContactField) =>
  statement(`users_set_pending_${field}`, `update users set pending_${field} = $2 where id = $1`);
const SET_PENDING = { email: setPending('email'), phone: setPending('phone') };

/** Finds out why a confirmed change was refused. */
const explainChange = (field: ContactField, isVerified: string) =>
  statement(
    `users_explain_change_of_${field}`,
    `
    select exists (select from users where ${isVerified} and id <> $1) as taken,
      exists (select from users where id = $1 and pending_${field} = $2) as pending`,
  );
const EXPLAIN_CHANGE = {
  email: explainChange('email', 'email = $2'),
  phone: explainChange('phone', 'phone = $2 and phone_verified_at is not null'),
};

/**
 * Raises the security stamp, so that no sign-in in progress opens a session. The administrators are
 * locked only if the account is one of them.
 */
const CLOSE = statement(
  'users_close',
  `
    with ${ADMINISTRATORS},
    closed as (
      update users set closed_at = now(), closure_id = $3::uuid, security_stamp = security_stamp + 1, updated_at = now()
      where id = $1::uuid and security_stamp = $2::int and closed_at is null
        and ('admin' <> all (roles) or exists (select from administrators where id <> $1))
      returning id)
    select id from closed`,
);

const REOPEN = statement(
  'users_reopen',
  `
    update users set closed_at = null, closure_id = null, security_stamp = security_stamp + 1, updated_at = now()
    where id = $1::uuid and closure_id = $2::uuid and closed_at > now() - interval '${UNDO_HOURS} hours'
    returning 1`,
);

/** Accounts of these verified addresses that were not made by a test identity. */
const FIND_REAL = statement(
  'users_find_real',
  `
    select 1 from users where not is_test
      and (email = any ($1::text[]) or (phone = any ($1::text[]) and phone_verified_at is not null))
    limit 1`,
);

/**
 * For a confirmed change, which has a security stamp. Optimistic lock: applies only if the account
 * has not changed since it was read and the address is the newest one that was requested. Under READ
 * COMMITTED, an UPDATE that waited for the row lock checks this on the newest version of the row.
 */
const ifConfirmed = (field: ContactField) =>
  `id = $1 and ($3::int is null or (security_stamp = $3 and pending_${field} = $2))`;

export interface Names {
  username?: string | null;
  firstName?: string | null;
  lastName?: string | null;
}

/**
 * The users table. Changes that also end sessions run in the caller's transaction, and lock the
 * user's row before anything else.
 */
@Injectable()
export class UserRepository {
  private readonly ids = this.batchedLookup(BY_ID, ({ id }) => id);
  private readonly emails = this.batchedLookup(BY_EMAIL, ({ email }) => email ?? '');

  constructor(private readonly sql: Sql) {}

  findById(id: string): Promise<Account | null> {
    return this.ids.row(id);
  }

  findByEmail(email: string): Promise<Account | null> {
    return this.emails.row(email);
  }

  /** The account that owns a verified address. */
  findByVerifiedAddress(recipient: Recipient): Promise<Account | null> {
    const address = addressOf(recipient);
    return isPhone(recipient) ? this.sql.row(BY_PHONE, [address]) : this.findByEmail(address);
  }

  /** Returns whether any account claims the phone number without having verified it. */
  async hasClaim(phone: string): Promise<boolean> {
    return (await this.sql.row(CLAIMS, [phone])) !== null;
  }

  /** Returns null if the address already has an account. */
  signUp(recipient: Recipient, isTest: boolean): Promise<Account | null> {
    const address = addressOf(recipient);
    return this.sql.row(SIGN_UP, [
      newId(),
      isPhone(recipient) ? null : address,
      isPhone(recipient) ? address : null,
      isTest,
    ]);
  }

  /** Returns whether any of the addresses belongs to an account that no test identity made. */
  async hasRealAccount(addresses: string[]): Promise<boolean> {
    return (await this.sql.row(FIND_REAL, [addresses])) !== null;
  }

  setNames(id: string, { username, firstName, lastName }: Names): Promise<Account | null> {
    const changes = [username, firstName, lastName].flatMap((name) => [name !== undefined, name ?? null]);
    return this.sql.row(SET_NAMES, [id, ...changes]);
  }

  async updateHash(id: string, oldHash: string, newHash: string): Promise<void> {
    await this.sql.rows(REHASH, [id, oldHash, newHash]);
  }

  list(after: string | null, limit: number): Promise<Account[]> {
    return this.sql.rows(LIST, [after, limit]);
  }

  search(prefix: string, after: string | null, limit: number): Promise<Account[]> {
    return this.sql.rows(SEARCH[prefix.startsWith('+') ? 'phone' : 'email'], [after, prefix, limit]);
  }

  /** Returns null if the account has changed since it was read. */
  setPassword(manager: EntityManager, { id, securityStamp }: Account, hash: string): Promise<Account | null> {
    return this.update(
      manager,
      'password_hash = $3, security_stamp = security_stamp + 1',
      'id = $1 and security_stamp = $2',
      [id, securityStamp, hash],
    );
  }

  /** Records the newest requested address of its kind. */
  async setPending(id: string, recipient: Recipient): Promise<void> {
    await this.sql.rows(SET_PENDING[fieldOf(recipient)], [id, addressOf(recipient)]);
  }

  /** The reason why `setEmail` or `setPhone` returned null for a security stamp. */
  async explainChange(manager: EntityManager, id: string, recipient: Recipient): Promise<AppError> {
    const { text } = EXPLAIN_CHANGE[fieldOf(recipient)];
    const [row] = await manager.query<{ taken: boolean; pending: boolean }[]>(text, [
      id,
      addressOf(recipient),
    ]);
    if (row?.taken) return UserError.addressTaken();
    return row?.pending ? UserError.accountChanged() : UserError.contactChangeReplaced();
  }

  /**
   * With a security stamp, returns null if the account has changed since it was read or a newer
   * address was requested.
   */
  setEmail(
    manager: EntityManager,
    id: string,
    email: string | null,
    securityStamp?: number,
  ): Promise<Account | null> {
    const set = 'email = $2, pending_email = null, security_stamp = security_stamp + 1';
    return this.update(manager, set, ifConfirmed('email'), [id, email, securityStamp ?? null]);
  }

  /**
   * With a security stamp, returns null if the account has changed since it was read or a newer
   * number was requested.
   */
  setPhone(
    manager: EntityManager,
    id: string,
    phone: string | null,
    securityStamp?: number,
  ): Promise<Account | null> {
    const set = `phone = $2, phone_verified_at = case when $2::text is not null then now() end, pending_phone = null,
      security_stamp = security_stamp + 1`;
    return this.update(manager, set, ifConfirmed('phone'), [id, phone, securityStamp ?? null]);
  }

  /**
   * Marks a phone number as verified for the only account that has it. Does nothing if several
   * accounts claim the number, or if an account has already verified it.
   */
  linkPhone(manager: EntityManager, phone: string): Promise<Account | null> {
    const where = `phone = $1 and email is not null and disabled_at is null and closed_at is null
      and (select count(*) from users claimant where claimant.phone = $1) = 1`;
    return this.update(manager, 'phone_verified_at = now()', where, [phone]);
  }

  /** `undefined` leaves a value unchanged. */
  setAccess(
    manager: EntityManager,
    id: string,
    { roles, disabled }: { roles?: Role[]; disabled?: boolean },
  ): Promise<Account | null> {
    const set = `roles = coalesce($2, roles), security_stamp = security_stamp + 1,
      disabled_at = case when $3::boolean is null then disabled_at when $3 then coalesce(disabled_at, now()) end`;
    return this.update(manager, set, 'id = $1', [id, roles ?? null, disabled ?? null]);
  }

  /** For an undone contact change. Whoever changed the address may also have deleted the account. */
  async dropPassword(manager: EntityManager, id: string): Promise<void> {
    const set =
      'password_hash = null, closed_at = null, closure_id = null, security_stamp = security_stamp + 1';
    await this.update(manager, set, 'id = $1', [id]);
  }

  /**
   * Closes the account. Returns false if it changed since it was read or is the last administrator.
   */
  async close(manager: EntityManager, { id, securityStamp }: Account, closureId: string): Promise<boolean> {
    return (await manager.query<unknown[]>(CLOSE.text, [id, securityStamp, closureId])).length > 0;
  }

  /**
   * Opens a closed account again. Safe against a parallel undo and against the erasure, because each
   * checks its condition again on the newest version of the row.
   */
  async reopen(id: string, closureId: string): Promise<boolean> {
    return (await this.sql.row(REOPEN, [id, closureId])) !== null;
  }

  /** Answers concurrent look-ups with one statement. */
  private batchedLookup(select: Statement, keyOf: (account: Account) => string): Batch<string, Account> {
    return new Batch({
      key: (key) => key,
      readOnly: true,
      run: async (keys) => {
        const accounts = await this.sql.rows<Account>(select, [keys]);
        return new Map(accounts.map((account) => [keyOf(account), account]));
      },
    });
  }

  /**
   * Throws `address_taken` if the address belongs to another account. The unique indexes decide
   * that, so it is also safe between parallel requests.
   */
  private async update(
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

function fieldOf(recipient: Recipient): ContactField {
  return isPhone(recipient) ? 'phone' : 'email';
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof QueryFailedError && (error.driverError as { code?: string }).code === '23505';
}
