import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../database/sql.js';

/** Of parallel uses of one proof, in any process, the primary key lets one insert a row. */
const ADD = statement(
  'used_proofs_add',
  `
    insert into used_proofs (signature, expires_at) values ($1, to_timestamp($2::float8))
    on conflict do nothing returning 1`,
);

/** A minute later than needed, because the clocks of the database and the processes may differ. */
const REMOVE_EXPIRED = statement(
  'used_proofs_remove_expired',
  `
    delete from used_proofs where ctid = any (array(
      select ctid from used_proofs where expires_at < now() - interval '1 minute'
      order by expires_at limit $1 for update skip locked))
    returning 1`,
);

@Injectable()
export class UsedProofRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns false if the proof was added before. `expiresAt` is in seconds since 1970. */
  async add(signature: Buffer, expiresAt: number): Promise<boolean> {
    return (await this.sql.row(ADD, [signature, expiresAt])) !== null;
  }

  /** Returns the number of removed rows. */
  async removeExpired(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_EXPIRED, [limit])).length;
  }
}
