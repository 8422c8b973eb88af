import { Injectable } from '@nestjs/common';
import { ApplicationDirectory } from '../applications/application-directory.js';
import type { Recipient } from '../common/recipient.js';
import { TestIdentities } from '../config/test-identities.js';
import { SigningService } from '../signing/signing.service.js';
import { contextDigest } from './otp-code.js';

export interface VerifiedChallenge {
  challengeId: string;
  recipient: Recipient;
  purpose: string;
  context?: Record<string, string>;
  /** The application that sent the code. */
  applicationId: string | null;
  metadata: Record<string, string> | null;
}

const PROOF_SECONDS = 300;

/** Signs proofs that a recipient entered the correct code. */
@Injectable()
export class ProofService {
  constructor(
    private readonly signing: SigningService,
    private readonly applications: ApplicationDirectory,
    private readonly testIdentities: TestIdentities,
  ) {}

  /**
   * A JWT (ES256) that any backend can verify offline with `/.well-known/jwks.json`. `sub` is the
   * recipient and `context_sha256` the digest of what was approved. `jti` is the challenge id, so
   * that a backend can accept each proof only once. `test: true` marks the proof of a test identity,
   * which proves nothing because its code is known. `aud` and `metadata` are those of the application
   * whose message had the code, whoever verifies it: a code that was given to one application is no
   * proof for another.
   */
  async sign({ challengeId, recipient, purpose, context, ...sender }: VerifiedChallenge): Promise<string> {
    const { applicationId, metadata } = sender;
    const audience = applicationId === null ? null : await this.applications.audienceOf(applicationId);
    return this.signing.sign(
      {
        sub: recipient,
        jti: challengeId,
        purpose,
        ...(context && { context_sha256: contextDigest(context) }),
        ...(metadata && { metadata }),
        ...(this.testIdentities.has(recipient) && { test: true }),
      },
      { typ: 'otp-proof+jwt', expiresInSeconds: PROOF_SECONDS, audience: audience ?? undefined },
    );
  }
}
