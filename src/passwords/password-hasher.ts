import { Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { Config } from '../config/config.js';
import { PasswordKey } from './password-key.js';
import { normalizePassword } from './password-rules.js';

/**
 * Accepts only costs that can be configured, so that a damaged hash cannot occupy a thread for
 * days.
 */
const BCRYPT_HASH = /^\$2b\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/;

const SALT_BYTES = 16;

/**
 * bcrypt over a keyed hash of the password, because bcrypt ignores what follows 72 bytes or a NUL.
 */
@Injectable()
export class PasswordHasher {
  constructor(
    private readonly key: PasswordKey,
    private readonly config: Config,
  ) {}

  async hash(password: string): Promise<string> {
    return bcrypt.hash(this.digestOf(password), await bcrypt.genSalt(this.config.BCRYPT_COST));
  }

  /**
   * The same hash for the same address and password. Like a random salt, the salt is unknown to
   * anyone who has not seen the hash, because it is derived with the key.
   */
  deterministicHash(address: string, password: string): Promise<string> {
    const salt = bcryptBase64(this.key.mac('salt', address).subarray(0, SALT_BYTES));
    return bcrypt.hash(this.digestOf(password), prefixOf(this.config.BCRYPT_COST) + salt);
  }

  /**
   * A wrong guess takes equally long for a current hash, a cheaper one, a damaged one and none at
   * all.
   */
  async matches(password: string, stored: string | null): Promise<boolean> {
    const digest = this.digestOf(password);
    if (stored === null || !BCRYPT_HASH.test(stored)) {
      await bcrypt.compare(digest, dummyHash(this.config.BCRYPT_COST));
      return false;
    }
    if (await bcrypt.compare(digest, stored)) return true;
    // 2^cost rounds are done. Adding 2^cost + 2^(cost + 1) + … up to the configured cost makes as
    // many rounds as a hash of the configured cost takes.
    for (let cost = bcrypt.getRounds(stored); cost < this.config.BCRYPT_COST; cost++)
      await bcrypt.compare(digest, dummyHash(cost));
    return false;
  }

  /** Whether the hash has a lower cost than new hashes. */
  isOutdated(stored: string): boolean {
    return bcrypt.getRounds(stored) < this.config.BCRYPT_COST;
  }

  private digestOf(password: string): string {
    return this.key.mac('password', normalizePassword(password)).toString('base64');
  }
}

/**
 * A hash that no password matches. Comparing with it takes as long as with a real hash of the cost.
 */
function dummyHash(cost: number): string {
  return prefixOf(cost) + '.'.repeat(53);
}

function prefixOf(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$`;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BCRYPT_BASE64 = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** bcrypt's variant of base64: another alphabet and no padding. */
function bcryptBase64(bytes: Buffer): string {
  return bytes
    .toString('base64')
    .replace(/=+$/, '')
    .replace(/./g, (character) => BCRYPT_BASE64.charAt(BASE64.indexOf(character)));
}
