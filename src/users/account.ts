import type { AppError } from '../common/app-error.js';
import type { Role } from '../http/access.js';
import type { Recipient } from '../common/recipient.js';
import { UserError } from './users.errors.js';

/**
 * A user account. Its e-mail address is verified, except while `invitedRoles` is set. Its phone
 * number is only claimed while `phoneVerifiedAt` is null.
 */
export interface Account {
  id: string;
  email: string | null;
  phone: string | null;
  phoneVerifiedAt: Date | null;
  username: string | null;
  firstName: string | null;
  lastName: string | null;
  /** Null if the user signs in with codes only. */
  passwordHash: string | null;
  roles: Role[];
  /**
   * For an invited user who has not verified the address yet: the roles that replace `roles` once
   * that is done. Null for every other user.
   */
  invitedRoles: Role[] | null;
  disabledAt: Date | null;
  /** The owner has deleted the account. It can be restored for 72 hours and is then erased. */
  closedAt: Date | null;
  /** Identifies the deletion, so that an undo link is valid for one deletion only. */
  closureId: string | null;
  /** Made with the known code of a test identity. Such a code opens no other account. */
  isTest: boolean;
  /**
   * Raised by every change that ends sessions. A sign-in that was checked against an older value
   * opens no session.
   */
  securityStamp: number;
  createdAt: Date;
}

/** Why nobody may enter the account; null if its owner may. */
export function entryRefusal({ closedAt, disabledAt }: Account): AppError | null {
  if (disabledAt) return UserError.disabled();
  return closedAt ? UserError.closed() : null;
}

/** The addresses that the account has proved. */
export function provedAddresses({ email, phone, phoneVerifiedAt }: Account): Recipient[] {
  return [
    ...(email === null ? [] : [`email:${email}` as const]),
    ...(phone === null || phoneVerifiedAt === null ? [] : [`phone:${phone}` as const]),
  ];
}

/** Where notices to the owner of an account are sent. */
export function noticeRecipient({ email, phone }: Pick<Account, 'email' | 'phone'>): Recipient {
  return email ? `email:${email}` : `phone:${phone ?? ''}`;
}
