import { Injectable } from '@nestjs/common';
import type { Recipient } from '../common/recipient.js';
import { TestIdentities } from '../config/test-identities.js';
import { SigningService } from '../signing/signing.service.js';
import { contextDigest } from './otp-code.js';

export interface Proven {
  challengeId: string;
  recipient: Recipient;
  purpose: string;
  context?: Record<string, string>;
}

const PROOF_SECONDS = 300;

/** Signed statements that somebody who reads an address entered its code. */
@Injectable()
export class ProofService {
  constructor(
    private readonly signing: SigningService,
    private readonly testIdentities: TestIdentities,
  ) {}

  /**
   * A JWT (ES256) that any backend checks offline with `/.well-known/jwks.json`: `sub` is the recipient,
   * `context_sha256` the digest of what was approved, `jti` the challenge, so that a proof can be taken only once. One
   * with `test: true` proves nothing: its code was known beforehand.
   */
  sign({ challengeId, recipient, purpose, context }: Proven): string {
    return this.signing.sign(
      {
        sub: recipient,
        jti: challengeId,
        purpose,
        ...(context && { context_sha256: contextDigest(context) }),
        ...(this.testIdentities.has(recipient) && { test: true }),
      },
      { typ: 'otp-proof+jwt', expiresInSeconds: PROOF_SECONDS },
    );
  }
}
