import { createHmac, randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Keyring } from '../common/keyring.js';
import type { SealedKey } from './sealed-key.entity.js';
import { SealedKeyRepository } from './sealed-key.repository.js';

const NAME = 'password';
const SEAL_CONTEXT = 'password key';
const KEY_BYTES = 32;

/**
 * The key of all stored password hashes: without it, nobody can test guesses against them. It is
 * created once and never changes, because a change would invalidate every password. When
 * `APP_SECRET` changes, the same key is sealed again.
 */
@Injectable()
export class PasswordKey implements OnModuleInit {
  private key?: Buffer;

  constructor(
    private readonly keys: SealedKeyRepository,
    private readonly keyring: Keyring,
  ) {}

  async onModuleInit(): Promise<void> {
    const stored = (await this.keys.find(NAME)) ?? (await this.create());
    const key = this.open(stored);
    this.key = Buffer.from(key, 'base64');
    if (stored.secretId !== this.keyring.keyId) await this.keys.reseal(this.seal(key), stored.secretId);
  }

  /**
   * HMAC-SHA-256, separate for each use. The text is encoded as UTF-16, because in UTF-8 all lone
   * surrogates become the same character.
   */
  mac(use: 'password' | 'salt', text: string): Buffer {
    if (!this.key) throw new Error('The password key has not been loaded yet.');
    return createHmac('sha256', this.key).update(`${use}\0`).update(text, 'utf16le').digest();
  }

  private async create(): Promise<SealedKey> {
    await this.keys.add(this.seal(randomBytes(KEY_BYTES).toString('base64')));
    const stored = await this.keys.find(NAME);
    if (!stored) throw new Error('The password key was not stored.');
    return stored;
  }

  private seal(key: string) {
    return { name: NAME, secretId: this.keyring.keyId, sealed: this.keyring.seal(key, SEAL_CONTEXT) };
  }

  private open({ sealed }: SealedKey): string {
    try {
      return this.keyring.open(sealed, SEAL_CONTEXT);
    } catch {
      throw new Error(
        'The password key cannot be opened with this APP_SECRET. ' +
          'Set APP_SECRET_PREVIOUS to the secret that this database was used with before.',
      );
    }
  }
}
