import { Injectable } from '@nestjs/common';
import { ProofCheck } from '../budgets/proof-check.js';
import { isPhone } from '../common/recipient.js';
import type { Client } from '../http/client.js';
import { ProviderFeedback } from '../notifier/outbox/provider-feedback.js';
import {
  ChallengeRepository,
  GUESSES_WITH_PROOF,
  PROOF_AFTER_WAIT,
  PROOF_FOR_GUESS,
  type ChallengeKey,
  type Guess,
  type Verdict,
} from './challenge.repository.js';
import { Codes, PUBLIC_LANE, type CodeRequest } from './codes.js';
import { readCodeOfLength } from './is-otp.js';
import { OtpError } from './otp.errors.js';
import type { Policy } from './purposes.js';

/**
 * Judges guesses at codes. After twenty wrong ones in a day, ten more need a proof of work each. Then
 * each needs a harder one after a wait of 1, 2, 4 and 8 hours. So a stranger who guesses at an owner's
 * codes cannot stop the owner for free.
 */
@Injectable()
export class CodeGuesses {
  constructor(
    private readonly challenges: ChallengeRepository,
    private readonly codes: Codes,
    private readonly proofs: ProofCheck,
    private readonly feedback: ProviderFeedback,
  ) {}

  /** The challenge id if the code is right. Throws the errors of `OtpService.verify`. */
  async judge(
    request: CodeRequest,
    typedCode: string,
    statement: (guess: Guess) => Promise<Verdict | null>,
  ): Promise<string> {
    const { recipient, policy, lane = PUBLIC_LANE, client } = request;
    const key = { recipient, purpose: policy.purpose, lane };
    const code = readCodeOfLength(typedCode, policy.codeLength);

    const hashes = this.codes.acceptedHashes(request, code);
    const proofLevel = await this.proofLevel(client, recipient);
    const verdict = await statement({ ...key, hashes, policy, proofLevel });
    if (verdict?.approved) return verdict.id;
    if (verdict?.attemptsLeft === 0) this.feedback.report(verdict.id, 'canceled');
    if (verdict) throw OtpError.invalid(verdict.attemptsLeft);
    throw await this.refusal(key, policy, client);
  }

  private async refusal(key: ChallengeKey, policy: Policy, client: Client): Promise<Error> {
    const refusal = await this.challenges.explainVerify(key, policy);
    const notFound = isPhone(key.recipient) ? OtpError.notFound() : OtpError.emailNotFound();
    if (!refusal || refusal.consumed) return notFound;
    if (refusal.exhausted) return OtpError.exhausted();
    if (refusal.expired) return OtpError.expired();
    if (refusal.guessLimit) return OtpError.guessLimit(refusal.guessLimit);
    if (refusal.failures < policy.guessesPerDay) return notFound;
    const isAfterWait = refusal.failures >= policy.guessesPerDay + GUESSES_WITH_PROOF;
    return this.proofs.required(key.recipient, client, isAfterWait ? PROOF_AFTER_WAIT : PROOF_FOR_GUESS);
  }

  /** A server application guesses for its users and solves no proofs. It waits like everybody. */
  private async proofLevel(client: Client, recipient: string): Promise<number> {
    if (client.application?.kind === 'server') return PROOF_AFTER_WAIT;
    return this.proofs.accept(recipient, client);
  }
}
