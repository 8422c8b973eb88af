import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../database/sql.js';

/** A request with a key, as it is stored. */
export interface KeyedRequest {
  /** SHA-256 of caller, route and key. */
  keyHash: Buffer;
  /** MACs of the body, one per accepted secret: the current one first. */
  fingerprints: Buffer[];
  claimId: string;
}

export interface StoredKey {
  isSameBody: boolean;
  /** Null: the request is still running, or its process died. */
  answer: Buffer | null;
}

/** A process that dies while a request runs blocks its key for so long. */
const LEASE_SECONDS = 15;

/**
 * Claims a key. Of parallel requests, one inserts the row and the others get nothing, in any process.
 * A key is free again ten minutes after its claim. It can be claimed earlier, by a request with the
 * same body, if it has no answer and its lease is over. ON CONFLICT waits for the row's lock and checks
 * the WHERE on the newest version, so only one of several requests takes over.
 */
const CLAIM = statement(
  'idempotency_keys_claim',
  `
    insert into idempotency_keys as k (key_hash, fingerprint, claim_id, leased_until, expires_at)
    values ($1, $2::bytea, $4, now() + interval '${LEASE_SECONDS} seconds', now() + interval '10 minutes')
    on conflict (key_hash) do update set
      fingerprint = excluded.fingerprint, claim_id = excluded.claim_id, answer = null,
      leased_until = excluded.leased_until, expires_at = excluded.expires_at
    where k.expires_at <= now()
      or (k.answer is null and k.leased_until <= now() and k.fingerprint = any ($3::bytea[]))
    returning claim_id`,
);

/** Why CLAIM got nothing. No row: the key was released in between. */
const FIND = statement(
  'idempotency_keys_find',
  `select fingerprint = any ($2::bytea[]) as "isSameBody", answer from idempotency_keys where key_hash = $1`,
);

/** Does nothing if another request has taken over after the lease. */
const COMPLETE = statement(
  'idempotency_keys_complete',
  'update idempotency_keys set answer = $3 where key_hash = $1 and claim_id = $2',
);

const RELEASE = statement(
  'idempotency_keys_release',
  'delete from idempotency_keys where key_hash = $1 and claim_id = $2',
);

const REMOVE_EXPIRED = statement(
  'idempotency_keys_remove_expired',
  `
    delete from idempotency_keys where key_hash = any (array(
      select key_hash from idempotency_keys where expires_at <= now()
      order by expires_at limit $1 for update skip locked))
    returning 1`,
);

@Injectable()
export class IdempotencyKeyRepository {
  constructor(private readonly sql: Sql) {}

  /** Returns whether this request has the key now. */
  async claim({ keyHash, fingerprints, claimId }: KeyedRequest): Promise<boolean> {
    return (await this.sql.row(CLAIM, [keyHash, fingerprints[0], fingerprints, claimId])) !== null;
  }

  find({ keyHash, fingerprints }: KeyedRequest): Promise<StoredKey | null> {
    return this.sql.row<StoredKey>(FIND, [keyHash, fingerprints]);
  }

  async complete({ keyHash, claimId }: KeyedRequest, answer: Buffer): Promise<void> {
    await this.sql.rows(COMPLETE, [keyHash, claimId, answer]);
  }

  async release({ keyHash, claimId }: KeyedRequest): Promise<void> {
    await this.sql.rows(RELEASE, [keyHash, claimId]);
  }

  /** Returns the number of removed rows. */
  async removeExpired(limit: number): Promise<number> {
    return (await this.sql.rows(REMOVE_EXPIRED, [limit])).length;
  }
}
