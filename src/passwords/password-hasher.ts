import { Injectable } from '@nestjs/common';
import { compare, genSalt, getRounds, hash } from 'bcrypt';
import { Config } from '../config/config.js';
import { PasswordKey } from './password-key.js';
import { normalizePassword } from './password-rules.js';

/** Only costs that can be configured: a damaged hash must not keep a thread busy for days. */
const BCRYPT_HASH = /^\$2b\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/;

const SALT_BYTES = 16;

/** bcrypt over a keyed hash of the password, so that nothing is cut after 72 bytes or at a NUL. */
@Injectable()
export class PasswordHasher {
  constructor(
    private readonly key: PasswordKey,
    private readonly config: Config,
  ) {}

  async hash(password: string): Promise<string> {
    return hash(this.digestOf(password), await genSalt(this.config.BCRYPT_COST));
  }

  /** The same for the same address and password. The salt is secret until its hash is seen, like a random one. */
  deterministicHash(address: string, password: string): Promise<string> {
    const salt = bcryptBase64(this.key.mac('salt', address).subarray(0, SALT_BYTES));
    return hash(this.digestOf(password), prefixOf(this.config.BCRYPT_COST) + salt);
  }

  /** Takes as long without a hash, with a damaged one or a cheaper one, as with one that does not match. */
  async matches(password: string, stored: string | null): Promise<boolean> {
    const digest = this.digestOf(password);
    if (stored === null || !BCRYPT_HASH.test(stored)) {
      await compare(digest, dummyOf(this.config.BCRYPT_COST));
      return false;
    }
    if (await compare(digest, stored)) return true;
    // 2^cost rounds were done, and 2^cost + 2^(cost + 1) + … more make it as many as with today's cost.
    for (let cost = getRounds(stored); cost < this.config.BCRYPT_COST; cost++)
      await compare(digest, dummyOf(cost));
    return false;
  }

  /** Whether new hashes cost more than this one. */
  isOutdated(stored: string): boolean {
    return getRounds(stored) < this.config.BCRYPT_COST;
  }

  private digestOf(password: string): string {
    return this.key.mac('password', normalizePassword(password)).toString('base64');
  }
}

/** A hash of nothing that costs as much to compare as one of something. */
function dummyOf(cost: number): string {
  return prefixOf(cost) + '.'.repeat(53);
}

function prefixOf(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$`;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BCRYPT_BASE64 = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** bcrypt's own base64: the usual bits in another alphabet, without padding. */
function bcryptBase64(bytes: Buffer): string {
  return bytes
    .toString('base64')
    .replace(/=+$/, '')
    .replace(/./g, (character) => BCRYPT_BASE64.charAt(BASE64.indexOf(character)));
}
