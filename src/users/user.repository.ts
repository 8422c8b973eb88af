import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AppError } from '../common/app-error.js';
import { newId } from '../common/random.js';
import type { Role } from '../http/access.js';
import { addressOf, isPhone, type Recipient } from '../common/recipient.js';
import { Batch } from '../database/batch.js';
import { Sql, statement, type Statement } from '../database/sql.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import type { Claimant } from '../sessions/sessions.service.js';
import type { Account } from './account.js';
import { ADMINISTRATORS } from './administrators.js';
import { fieldOf, UNDO_HOURS, type ContactField } from './contact-change.repository.js';
import { UserError } from './users.errors.js';

/** Just above three days, so that the mail, which rounds down, says 72 hours. */
export const INVITATION_SECONDS = 73 * 3_600;

/** Column list with the names of `Account`. */
const ACCOUNT = `id, email, phone, phone_verified_at as "phoneVerifiedAt", username, first_name as "firstName",
  last_name as "lastName", password_hash as "passwordHash", roles, invited_roles as "invitedRoles",
  disabled_at as "disabledAt", closed_at as "closedAt", closure_id as "closureId", is_test as "isTest",
  security_stamp as "securityStamp",
  created_at as "createdAt"`;

const BY_ID = statement('users_by_id', `select ${ACCOUNT} from users where id = any ($1::uuid[])`);

const BY_EMAIL = statement('users_by_email', `select ${ACCOUNT} from users where email = any ($1::text[])`);

const BY_PHONE = statement(
  'users_by_phone',
  `select ${ACCOUNT} from users where phone = $1 and phone_verified_at is not null`,
);

/**
 * Locks the rows that a proof of a phone number changes: the account that proves it, if it exists,
 * and all that claim the number. Every such transaction runs this first, in the order of the ids, so
 * two of them cannot deadlock.
 */
const LOCK_CLAIMS = statement(
  'users_lock_claims',
  `
    select id from users where id = $2 or (phone = $1 and phone_verified_at is null)
    order by id for no key update`,
);

/**
 * Drops the locked claims. An account that claims a number has an e-mail address, because it comes
 * from a registration; the condition keeps users_reachable from refusing a proof in any case. A claim
 * that was made after the lock stays, as if it was made after the proof.
 */
const DROP_CLAIMS = statement(
  'users_drop_claims',
  `
    update users set phone = null, updated_at = now()
    where id = any ($2::uuid[]) and phone = $1 and phone_verified_at is null and email is not null`,
);

const SIGN_UP = statement(
  'users_sign_up',
  `
    insert into users (id, email, phone, phone_verified_at, is_test)
    values ($1, $2, $3::text, case when $3::text is not null then now() end, $4)
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
 * The user whose access changes, locked after the administrators. `count` makes PostgreSQL lock these
 * first, so that all such statements lock rows in one order and cannot deadlock.
 */
const SUBJECT = `${ADMINISTRATORS},
  subject as (
    select id as subject_id, coalesce(invited_roles, roles) as former_roles,
      'admin' = any (roles) and disabled_at is null and closed_at is null as is_administrator
    from users where id = $1::uuid and (select count(*) from administrators) >= 0 for update)`;

/** Whether an administrator is left without the subject. Its row is locked, so it stays one. */
const OTHER_IS_LEFT = 'exists (select from administrators where administrators.id <> subject_id)';

/**
 * Changes roles or disables, unless no administrator would be left. Returns no row for an unknown
 * user, and a row without an account for a refusal. The roles of an invited user wait for the address
 * to be verified.
 */
const SET_ACCESS = statement(
  'users_set_access',
  `
  with ${SUBJECT},
  changed as (
    update users set
      roles = case when invited_roles is null then coalesce($2::text[], roles) else roles end,
      invited_roles = case when invited_roles is not null then coalesce($2, invited_roles) end,
      security_stamp = security_stamp + 1, updated_at = now(),
      disabled_at = case when $3::boolean is null then disabled_at when $3 then coalesce(disabled_at, now()) end
    from subject where id = $1 and (not is_administrator or ${OTHER_IS_LEFT}
      or ('admin' = any (coalesce($2, former_roles)) and $3 is not true))
    returning ${ACCOUNT})
  select changed.*, former_roles as "formerRoles" from subject left join changed on true`,
);

/**
 * Closes an account that an administrator deletes, unless no administrator would be left. Returns no
 * row for an unknown user.
 */
const CLOSE_FOR_ERASURE = statement(
  'users_close_for_erasure',
  `
  with ${SUBJECT},
  closed as (
    update users set closed_at = now(), closure_id = null, security_stamp = security_stamp + 1
    from subject where id = $1 and (not is_administrator or ${OTHER_IS_LEFT})
    returning id, email, phone)
  select closed.id is not null as "isClosed", is_administrator as "wasAdministrator", email, phone
  from subject left join closed on true`,
);

const HAS_OTHER_ADMINISTRATOR = statement(
  'users_has_other_administrator',
  `
  select 1 from users
  where 'admin' = any (roles) and disabled_at is null and closed_at is null and id <> $1 limit 1`,
);

const ADMINISTRATOR_EMAILS = `
  select email from users
  where 'admin' = any (roles) and disabled_at is null and closed_at is null and email is not null and id <> $1
  order by id`;

const INVITE = `
  insert into users (id, email, invited_roles, invitation_hash, invitation_expires_at)
  values ($1, $2, $3, $4, now() + make_interval(secs => ${INVITATION_SECONDS}))
  on conflict do nothing
  returning ${ACCOUNT}`;

const BY_INVITATION = statement(
  'users_by_invitation',
  `select ${ACCOUNT} from users where invitation_hash = $1 and invitation_expires_at > now()`,
);

/** The address was verified, so that the user gets the roles of the invitation, and its link ends. */
const ACCEPT = `roles = coalesce(invited_roles, roles), invited_roles = null, invitation_hash = null,
  invitation_expires_at = null`;

const ACCEPT_INVITATION = statement(
  'users_accept_invitation',
  `
  update users set ${ACCEPT}, security_stamp = security_stamp + 1, updated_at = now()
  where id = $1 and security_stamp = $2 and disabled_at is null and closed_at is null
  returning ${ACCOUNT}`,
);

/**
 * Closes an account, unless no administrator would be left. Raises the security stamp, so that no
 * sign-in in progress opens a session. The administrators are locked only if the account is one of
 * them.
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

/** An account after a change of its access. */
export interface ChangedAccess extends Account {
  formerRoles: Role[];
}

interface ErasedUser {
  isClosed: boolean;
  wasAdministrator: boolean;
  email: string | null;
  phone: string | null;
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

  /** Throws `address_taken` if an account has the address, or can get it back by an undo. */
  async signUp(manager: EntityManager, recipient: Recipient, isTest: boolean): Promise<Account> {
    const [email, phone] = isPhone(recipient) ? [null, addressOf(recipient)] : [addressOf(recipient), null];
    const claims = await this.lockClaims(manager, phone);
    const [account] = await unlessTaken(
      manager.query<Account[]>(SIGN_UP.text, [newId(), email, phone, isTest]),
    );
    if (!account) throw UserError.addressTaken();
    await this.dropClaims(manager, phone, claims);
    return account;
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

  /**
   * Only somebody who verified the address of an account can set its password, so an invitation is
   * accepted thereby. Returns null if the account has changed since it was read.
   */
  setPassword(manager: EntityManager, { id, securityStamp }: Account, hash: string): Promise<Account | null> {
    return this.update(
      manager,
      `password_hash = $3, security_stamp = security_stamp + 1, ${ACCEPT}`,
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
  async setPhone(
    manager: EntityManager,
    id: string,
    phone: string | null,
    securityStamp?: number,
  ): Promise<Account | null> {
    const set = `phone = $2, phone_verified_at = case when $2::text is not null then now() end, pending_phone = null,
      security_stamp = security_stamp + 1`;
    const claims = await this.lockClaims(manager, phone, id);
    const account = await this.update(manager, set, ifConfirmed('phone'), [id, phone, securityStamp ?? null]);
    if (account) await this.dropClaims(manager, phone, claims);
    return account;
  }

  /**
   * Marks the phone number that an account claims as verified. Returns null if the account has changed
   * since the evidence was checked: an undo or a reset ends the sessions and devices that the evidence
   * came from, and raises the security stamp. Of parallel proofs, the unique index lets one win.
   */
  async linkPhone(
    manager: EntityManager,
    { userId, securityStamp }: Claimant,
    phone: string,
  ): Promise<Account | null> {
    const where = `id = $1 and security_stamp = $2 and disabled_at is null and closed_at is null
      and phone = $3 and phone_verified_at is null`;
    const claims = await this.lockClaims(manager, phone, userId);
    const account = await this.update(manager, 'phone_verified_at = now()', where, [
      userId,
      securityStamp,
      phone,
    ]);
    if (account) await this.dropClaims(manager, phone, claims);
    return account;
  }

  /**
   * `undefined` leaves a value unchanged. Returns null if there is no such user. Throws
   * `last_administrator`.
   */
  async setAccess(
    manager: EntityManager,
    id: string,
    { roles, disabled }: { roles?: Role[]; disabled?: boolean },
  ): Promise<ChangedAccess | null> {
    const values = [id, roles ?? null, disabled ?? null];
    const [row] = await manager.query<ChangedAccess[]>(SET_ACCESS.text, values);
    if (row && row.id === null) throw UserError.lastAdministrator();
    return row ?? null;
  }

  /** Returns null if the address has an account. */
  async invite(
    manager: EntityManager,
    { email, roles, tokenHash }: { email: string; roles: Role[]; tokenHash: Buffer },
  ): Promise<Account | null> {
    try {
      const [account] = await manager.query<Account[]>(INVITE, [newId(), email, roles, tokenHash]);
      return account ?? null;
    } catch (error) {
      // The address is reserved for an account that can undo its change.
      if (isUniqueViolation(error)) return null;
      throw error;
    }
  }

  /** The invited user whose link has this token. */
  findByInvitation(tokenHash: Buffer): Promise<Account | null> {
    return this.sql.row(BY_INVITATION, [tokenHash]);
  }

  /** For a user who verified the address. Returns null if the account has changed since it was read. */
  acceptInvitation({ id, securityStamp }: Account): Promise<Account | null> {
    return this.sql.row(ACCEPT_INVITATION, [id, securityStamp]);
  }

  async hasOtherAdministrator(id: string): Promise<boolean> {
    return (await this.sql.row(HAS_OTHER_ADMINISTRATOR, [id])) !== null;
  }

  /** The addresses of all administrators but this user. */
  async administratorEmails(manager: EntityManager, exceptId: string): Promise<string[]> {
    const rows = await manager.query<{ email: string }[]>(ADMINISTRATOR_EMAILS, [exceptId]);
    return rows.map(({ email }) => email);
  }

  /** For an undone contact change. Whoever changed the address may also have deleted the account. */
  async dropPassword(manager: EntityManager, id: string): Promise<void> {
    const set =
      'password_hash = null, closed_at = null, closure_id = null, security_stamp = security_stamp + 1';
    await this.update(manager, set, 'id = $1', [id]);
  }

  /**
   * Closes an account that is about to be erased, in the manager's transaction. Returns null if there
   * is no such user. Throws `last_administrator`.
   */
  async closeForErasure(manager: EntityManager, id: string): Promise<ErasedUser | null> {
    const [row] = await manager.query<ErasedUser[]>(CLOSE_FOR_ERASURE.text, [id]);
    if (row && !row.isClosed) throw UserError.lastAdministrator();
    return row ?? null;
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

  private async lockClaims(manager: EntityManager, phone: string | null, id?: string): Promise<string[]> {
    if (phone === null) return [];
    const rows = await manager.query<{ id: string }[]>(LOCK_CLAIMS.text, [phone, id ?? null]);
    return rows.map((row) => row.id);
  }

  private async dropClaims(manager: EntityManager, phone: string | null, claims: string[]): Promise<void> {
    if (claims.length > 0) await manager.query(DROP_CLAIMS.text, [phone, claims]);
  }

  /** Throws `address_taken` if another account has the address, or can get it back by an undo. */
  private async update(
    manager: EntityManager,
    set: string,
    where: string,
    values: unknown[],
  ): Promise<Account | null> {
    const text = `update users set ${set}, updated_at = now() where ${where} returning ${ACCOUNT}`;
    const [rows] = await unlessTaken(manager.query<[Account[], number]>(text, values));
    return rows[0] ?? null;
  }
}

/** The unique indexes and a trigger decide, so this is also safe between parallel requests. */
async function unlessTaken<T>(change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    throw isUniqueViolation(error) ? UserError.addressTaken() : error;
  }
}
