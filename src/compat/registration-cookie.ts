import { Injectable } from '@nestjs/common';
import { Keyring } from '../common/keyring.js';
import type { Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';

const NAME = 'registration';
const IN_COOKIES = new RegExp(`(?:^|; *)${NAME}=([\\w-]+)`);
/** Longer than a code lives, so that a late code gets the error for expired codes. */
const LIFE_SECONDS = 15 * 60;

interface PendingRegistration {
  recipient: Recipient;
  /** In seconds since 1970. */
  expiresAt: number;
}

/**
 * The cookie that tells `/api/verify` which address was registered. It is sealed, so it can be
 * neither forged nor read. It holds no secret: the code still decides.
 */
@Injectable()
export class RegistrationCookie {
  constructor(
    private readonly keyring: Keyring,
    private readonly config: Config,
  ) {}

  /** The `Set-Cookie` header for a registered address. */
  create(recipient: Recipient): string {
    const pending: PendingRegistration = { recipient, expiresAt: secondsNow() + LIFE_SECONDS };
    const value = this.keyring.seal(JSON.stringify(pending), NAME).toString('base64url');
    const secure = this.config.publicUrl.startsWith('https:') ? '; Secure' : '';
    return `${NAME}=${value}; Path=/; Max-Age=${LIFE_SECONDS}; HttpOnly; SameSite=Lax${secure}`;
  }

  /** The registered address from a `Cookie` header. Null if the cookie is missing, forged or expired. */
  read(cookies = ''): Recipient | null {
    const value = IN_COOKIES.exec(cookies)?.[1];
    if (value === undefined) return null;
    try {
      const opened = this.keyring.open(Buffer.from(value, 'base64url'), NAME);
      const { recipient, expiresAt } = JSON.parse(opened) as PendingRegistration;
      return expiresAt > secondsNow() ? recipient : null;
    } catch {
      return null;
    }
  }
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}
