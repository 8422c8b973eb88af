import type { Role } from '../http/access.js';
import type { Recipient } from '../common/recipient.js';

/**
 * A user account. Its e-mail address is always verified. Its phone number is only claimed while
 * `phoneVerifiedAt` is null.
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
export function noticeRecipient({ email, phone }: Account): Recipient {
  return email ? `email:${email}` : `phone:${phone ?? ''}`;
}
