import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository } from 'typeorm';
import { SigningKey } from './signing-key.entity.js';

/** Days a key signs. */
const PERIOD_DAYS = 30;

@Injectable()
export class SigningKeyRepository {
  constructor(@InjectRepository(SigningKey) private readonly keys: Repository<SigningKey>) {}

  /** By the database's clock, so that every process signs with the same key. */
  async currentPeriod(): Promise<number> {
    const [row] = await this.keys.query<{ period: number }[]>(
      `select floor(extract(epoch from now()) / ${PERIOD_DAYS * 86_400})::integer as period`,
    );
    return row?.period ?? 0;
  }

  list(): Promise<SigningKey[]> {
    return this.keys.find({ order: { period: 'ASC', secretId: 'ASC' } });
  }

  /** Of processes that make the same period's key at the same time, one wins; the others then read it. */
  async add(key: Omit<SigningKey, 'createdAt'>): Promise<void> {
    await this.keys.createQueryBuilder().insert().values(key).orIgnore().execute();
  }

  async removeBefore(period: number): Promise<void> {
    await this.keys.delete({ period: LessThan(period) });
  }
}
