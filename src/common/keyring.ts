import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { pooledRandomBytes } from './random.js';

interface Keys {
  id: Buffer;
  mac: KeyObject;
  seal: KeyObject;
}

const ID_BYTES = 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Keys derived from `APP_SECRET` with HKDF-SHA-256 (RFC 5869). They are never stored in the
 * database. New values use the current secret. During a rotation, values of the previous and the
 * next secret are accepted too, so processes with either secret accept each other's values.
 */
export class Keyring {
  /** Makes values that will be needed when the next secret is the current one. */
  readonly next?: Keyring;
  private readonly current: Keys;
  private readonly accepted: Keys[];

  constructor(secret: string, previous?: string, next?: string) {
    this.current = derive(secret);
    this.accepted = [this.current, ...[previous, next].flatMap((other) => (other ? [derive(other)] : []))];
    if (next) this.next = new Keyring(next);
  }

  /** Identifies the current secret without revealing it. */
  get keyId(): string {
    return this.current.id.toString('hex');
  }

  /** What sealed values begin with: one id per accepted secret, the current one first. */
  get acceptedIds(): Buffer[] {
    return this.accepted.map(({ id }) => id);
  }

  /** HMAC-SHA-256 over the parts. The JSON array keeps `['ab','c']` and `['a','bc']` apart. */
  mac(...parts: string[]): Buffer {
    return hmac(this.current, parts);
  }

  /** The MAC under each accepted secret. A stored value may equal any of them. */
  acceptedMacs(...parts: string[]): Buffer[] {
    return this.accepted.map((keys) => hmac(keys, parts));
  }

  /** AES-256-GCM: key id, IV, ciphertext, tag. `open` needs the same `boundTo`. */
  seal(plaintext: string, ...boundTo: string[]): Buffer {
    const iv = pooledRandomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.current.seal, iv).setAAD(associated(boundTo));
    const body = cipher.update(plaintext, 'utf8');
    return Buffer.concat([this.current.id, iv, body, cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws if the secret or `boundTo` differs, or if the value was changed. */
  open(sealed: Buffer, ...boundTo: string[]): string {
    const keys = this.accepted.find(({ id }) => id.equals(sealed.subarray(0, ID_BYTES)));
    if (!keys) throw new Error('sealed under an APP_SECRET that is no longer configured');
    const iv = sealed.subarray(ID_BYTES, ID_BYTES + IV_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', keys.seal, iv, { authTagLength: TAG_BYTES })
      .setAAD(associated(boundTo))
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    const body = decipher.update(sealed.subarray(ID_BYTES + IV_BYTES, -TAG_BYTES));
    return Buffer.concat([body, decipher.final()]).toString('utf8');
  }
}

function derive(secret: string): Keys {
  const key = (use: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', secret, '', `otp-auth-server ${use}`, bytes));
  return {
    id: key('key id', ID_BYTES),
    mac: createSecretKey(key('mac', 32)),
    seal: createSecretKey(key('seal', 32)),
  };
}

function associated(boundTo: string[]): Buffer {
  return Buffer.from(JSON.stringify(boundTo));
}

function hmac(keys: Keys, parts: string[]): Buffer {
  return createHmac('sha256', keys.mac).update(JSON.stringify(parts)).digest();
}
