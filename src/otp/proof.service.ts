import { Injectable } from '@nestjs/common';
import { ApplicationDirectory } from '../applications/application-directory.js';
import { ApplicationError } from '../applications/applications.errors.js';
import type { Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import { Housekeeping } from '../database/housekeeping.js';
import type { Client } from '../http/client.js';
import { SigningService } from '../signing/signing.service.js';
import { contextDigest } from './otp-code.js';
import { OtpError } from './otp.errors.js';
import type { ProofClaims } from './proofs.dto.js';
import { RedeemedProofRepository } from './redeemed-proof.repository.js';

export interface VerifiedChallenge {
  challengeId: string;
  recipient: Recipient;
  purpose: string;
  context?: Record<string, string>;
  /** The application that sent the code. */
  applicationId: string | null;
  metadata: Record<string, string> | null;
}

const TYP = 'otp-proof+jwt';
const PROOF_SECONDS = 300;

/** Signs proofs that a recipient entered the correct code, and redeems each of them once. */
@Injectable()
export class ProofService {
  constructor(
    private readonly signing: SigningService,
    private readonly applications: ApplicationDirectory,
    private readonly testIdentities: TestIdentities,
    private readonly redeemed: RedeemedProofRepository,
    private readonly config: Config,
    housekeeping: Housekeeping,
  ) {
    housekeeping.addRemoval('redeemed proofs', (limit) => this.redeemed.removeExpired(limit));
  }

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
      { typ: TYP, expiresInSeconds: PROOF_SECONDS, audience: audience ?? undefined },
    );
  }

  /**
   * The claims of a proof, once. An application redeems the proofs of its own audience; anybody else
   * redeems those of this server's audience, as far as `API_ACCESS` allows. Throws `proof_invalid` or
   * `proof_already_redeemed`.
   */
  async redeem(proof: string, { application }: Client): Promise<ProofClaims> {
    if (this.config.API_ACCESS === 'applications' && application?.kind !== 'server')
      throw ApplicationError.serverRequired();
    const claims = await this.verify(proof, application?.audience ?? undefined);
    if (!claims) throw OtpError.proofInvalid();
    if (!(await this.redeemed.redeem(claims.jti, claims.exp))) throw OtpError.proofAlreadyRedeemed();
    return claims;
  }

  private async verify(proof: string, audience?: string): Promise<ProofClaims | null> {
    const read = () => this.signing.verify<ProofClaims>(proof, { typ: TYP, audience });
    return read() ?? ((await this.signing.loadKeyOf(proof)) ? read() : null);
  }
}
