import type { Role } from '../http/access.js';
import type { Recipient } from '../common/recipient.js';

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
  /** Made with the known code of a test identity. Such a code opens no other account. */
  isTest: boolean;
  /**
   * Raised by every change that ends sessions. A sign-in that was checked against an older value
   * opens no session.
   */
  securityStamp: number;
  createdAt: Date;
}

/** Where notices to the owner of an account are sent. */
export function noticeRecipient({ email, phone }: Pick<Account, 'email' | 'phone'>): Recipient {
  return email ? `email:${email}` : `phone:${phone ?? ''}`;
}
