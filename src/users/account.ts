import type { Role } from '../http/access.js';
import type { Recipient } from '../common/recipient.js';

/** A user, as the rest of the server knows one. The e-mail address is always proved; a phone number may be claimed. */
export interface Account {
  id: string;
  email: string | null;
  phone: string | null;
  phoneVerifiedAt: Date | null;
  username: string | null;
  firstName: string | null;
  lastName: string | null;
  /** Null for who signs in by code only. */
  passwordHash: string | null;
  roles: Role[];
  disabledAt: Date | null;
  /** Rises with everything that ends sessions: a sign-in checked against an older one opens none. */
  securityStamp: number;
  createdAt: Date;
}

/** Where to tell the owner of an account something. */
export function noticeRecipient({ email, phone }: Account): Recipient {
  return email ? `email:${email}` : `phone:${phone ?? ''}`;
}
