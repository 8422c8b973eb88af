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

  /**
   * If several processes add the key at once, the first one wins. The caller reads the stored key
   * afterwards.
   */
  async add(key: NewKey): Promise<void> {
    await this.keys.createQueryBuilder().insert().values(key).orIgnore().execute();
  }

  /**
   * Changes the row only if it is still sealed under `previousSecretId`, so that another process's
   * update is kept.
   */
  async reseal({ name, secretId, sealed }: NewKey, previousSecretId: string): Promise<void> {
    await this.keys.update({ name, secretId: previousSecretId }, { secretId, sealed });
  }
}
