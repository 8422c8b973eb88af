import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { SealedKey } from './sealed-key.entity.js';

type NewKey = Omit<SealedKey, 'createdAt'>;

@Injectable()
export class SealedKeyRepository {
  constructor(@InjectRepository(SealedKey) private readonly keys: Repository<SealedKey>) {}

  find(name: string): Promise<SealedKey | null> {
    return this.keys.findOneBy({ name });
  }

  /** Of processes that make the key at the same time, one wins; the others then read it. */
  async add(key: NewKey): Promise<void> {
    await this.keys.createQueryBuilder().insert().values(key).orIgnore().execute();
  }

  /** Only what is still sealed under the secret it was read with, so that no other process's work is undone. */
  async reseal({ name, secretId, sealed }: NewKey, previousSecretId: string): Promise<void> {
    await this.keys.update({ name, secretId: previousSecretId }, { secretId, sealed });
  }
}
