import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository } from 'typeorm';
import { SigningKey } from './signing-key.entity.js';

/** How long each key is used for signing. */
const PERIOD_DAYS = 30;

@Injectable()
export class SigningKeyRepository {
  constructor(@InjectRepository(SigningKey) private readonly keys: Repository<SigningKey>) {}

  /** According to the database's clock, so that every process signs with the same key. */
  async currentPeriod(): Promise<number> {
    const [row] = await this.keys.query<{ period: number }[]>(
      `select floor(extract(epoch from now()) / ${PERIOD_DAYS * 86_400})::integer as period`,
    );
    return row?.period ?? 0;
  }

  list(): Promise<SigningKey[]> {
    return this.keys.find({ order: { period: 'ASC', secretId: 'ASC' } });
  }

  /**
   * If several processes add a period's key at once, the first one wins. The caller reads the
   * stored key afterwards.
   */
  async add(key: Omit<SigningKey, 'createdAt'>): Promise<void> {
    await this.keys.createQueryBuilder().insert().values(key).orIgnore().execute();
  }

  async removeBefore(period: number): Promise<void> {
    await this.keys.delete({ period: LessThan(period) });
  }
}
