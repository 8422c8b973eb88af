import { createHmac, randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Keyring } from '../common/keyring.js';
import type { SealedKey } from './sealed-key.entity.js';
import { SealedKeyRepository } from './sealed-key.repository.js';

const NAME = 'password';
const BOUND_TO = 'password key';
const KEY_BYTES = 32;

/**
 * The key without which no stored password hash can be guessed at. It is made once and never changes, or every
 * password would be lost; what changes with `APP_SECRET` is the seal around it.
 */
@Injectable()
export class PasswordKey implements OnModuleInit {
  private key?: Buffer;

  constructor(
    private readonly keys: SealedKeyRepository,
    private readonly keyring: Keyring,
  ) {}

  async onModuleInit(): Promise<void> {
    const stored = (await this.keys.find(NAME)) ?? (await this.make());
    const key = this.open(stored);
    this.key = Buffer.from(key, 'base64');
    if (stored.secretId !== this.keyring.keyId) await this.keys.reseal(this.seal(key), stored.secretId);
  }

  /** HMAC-SHA-256; values for different uses have nothing in common. In UTF-16 even broken text stays distinct. */
  mac(use: 'password' | 'salt', text: string): Buffer {
    if (!this.key) throw new Error('the password key is not read yet');
    return createHmac('sha256', this.key).update(`${use}\0`).update(text, 'utf16le').digest();
  }

  private async make(): Promise<SealedKey> {
    await this.keys.add(this.seal(randomBytes(KEY_BYTES).toString('base64')));
    const stored = await this.keys.find(NAME);
    if (!stored) throw new Error('no password key');
    return stored;
  }

  private seal(key: string) {
    return { name: NAME, secretId: this.keyring.keyId, sealed: this.keyring.seal(key, BOUND_TO) };
  }

  private open({ sealed }: SealedKey): string {
    try {
      return this.keyring.open(sealed, BOUND_TO);
    } catch {
      throw new Error(
        'The key of the stored passwords cannot be opened with this APP_SECRET. ' +
          'Set APP_SECRET_PREVIOUS to the secret that this database was used with before.',
      );
    }
  }
}
