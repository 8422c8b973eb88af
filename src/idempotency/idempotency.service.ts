import { Injectable, Logger } from '@nestjs/common';
import { AppError, type ErrorExtra, type ErrorKind } from '../common/app-error.js';
import { sha256 } from '../common/digest.js';
import { Keyring } from '../common/keyring.js';
import { newId } from '../common/random.js';
import { Housekeeping } from '../database/housekeeping.js';
import { IdempotencyKeyRepository, type KeyedRequest } from './idempotency-key.repository.js';
import { IdempotencyError } from './idempotency.errors.js';

/** What identifies a request. */
export interface RequestIdentity {
  /** Callers do not share keys. */
  caller: string;
  /** Method and path. */
  route: string;
  key: string;
  body: unknown;
}

/** A reply, or a refusal. */
export type Answer =
  { body?: unknown } | { problem: { kind: ErrorKind; code: string; detail: string; extra: ErrorExtra } };

/** A request that has its key, or the answer to an earlier one. */
export type Claim = { answer: Answer } | { request: KeyedRequest; sealer: Keyring };

/**
 * Refusals of what the request says. All others can change when it is repeated: by time (429, 5xx), by
 * another sign-in (401), by a proof of work (403) or by what others do (409). A refused request has
 * sent nothing, so it may run again.
 */
const FINAL = new Set<ErrorKind>(['invalid', 'not_found']);

/** Keeps the answers to requests with an `Idempotency-Key`, so that a repetition sends nothing. */
@Injectable()
export class IdempotencyKeys {
  private readonly logger = new Logger('Idempotency');

  constructor(
    private readonly keys: IdempotencyKeyRepository,
    private readonly keyring: Keyring,
    housekeeping: Housekeeping,
  ) {
    housekeeping.addRemoval('idempotency keys', (limit) => this.keys.removeExpired(limit));
  }

  /** Throws `idempotency_key_reused` or `idempotency_key_in_use`. */
  async claim({ caller, route, key, body }: RequestIdentity): Promise<Claim> {
    const text = JSON.stringify(body) ?? '';
    const keyHash = sha256(JSON.stringify([caller, route, key]));
    const request: KeyedRequest = {
      keyHash,
      // With a key of the server, because bodies contain passwords and addresses.
      fingerprints: this.keyring.acceptedMacs('idempotency body', text),
      claimId: newId(),
    };
    const sealer = this.sealerFor(key, text);
    if (await this.keys.claim(request)) return { request, sealer };

    const stored = await this.keys.find(request);
    if (stored && !stored.isSameBody) throw IdempotencyError.reused();
    if (!stored?.answer) throw IdempotencyError.inUse();
    return { answer: JSON.parse(sealer.open(stored.answer, keyHash.toString('hex'))) as Answer };
  }

  /** Stores the answer. If that fails, the request has still succeeded, so the error is only logged. */
  async complete({ request, sealer }: Extract<Claim, { sealer: Keyring }>, answer: Answer): Promise<void> {
    const sealed = sealer.seal(JSON.stringify(answer), request.keyHash.toString('hex'));
    await this.ignoringFailure(this.keys.complete(request, sealed));
  }

  /** Stores a refusal that is final. After any other error the key is free again. */
  async fail(claim: Extract<Claim, { sealer: Keyring }>, error: unknown): Promise<void> {
    if (!(error instanceof AppError) || !FINAL.has(error.kind))
      return this.ignoringFailure(this.keys.release(claim.request));
    const { kind, code, detail, extra } = error;
    await this.complete(claim, { problem: { kind, code, detail, extra } });
  }

  /**
   * Only a repeated request can open the answer, because its key is derived from the key and the body of
   * the request, which are not stored. So a row names nobody, and an erasure has nothing to remove.
   */
  private sealerFor(key: string, body: string): Keyring {
    const secrets = this.keyring.acceptedMacs('idempotency answer', key, body);
    const [current = '', second, third] = secrets.map((secret) => secret.toString('hex'));
    return new Keyring(current, second, third);
  }

  private async ignoringFailure(step: Promise<void>): Promise<void> {
    await step.catch((error: unknown) => {
      const name = error instanceof Error ? error.name : typeof error;
      this.logger.warn({ msg: 'idempotency key not updated', error: name });
    });
  }
}
