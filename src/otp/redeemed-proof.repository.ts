import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../database/sql.js';

/** The primary key lets one of several parallel requests insert the row, in any process. */
const REDEEM = statement(
  'redeemed_proofs_add',
  `
    insert into redeemed_proofs (jti, expires_at) values ($1, to_timestamp($2::float8))
    on conflict do nothing returning jti`,
);

/** An hour later than needed, because the clocks of servers and database may differ. */
const REMOVE_EXPIRED = statement(
  'redeemed_proofs_remove_expired',
  `
    delete from redeemed_proofs where jti = any (array(
      select jti from redeemed_proofs where expires_at <= now() - interval '1 hour'
      order by expires_at limit $1 for update skip locked))
    returning 1`,
);

@Injectable()
export class RedeemedProofRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns false if the proof was redeemed before. `exp` is in seconds since 1970. */
  async redeem(jti: string, exp: number): Promise<boolean> {
    return (await this.sql.row(REDEEM, [jti, exp])) !== null;
  }

  /** Returns the number of removed rows. */
  async removeExpired(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_EXPIRED, [limit])).length;
  }
}
