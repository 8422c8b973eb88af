import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { RequiresApplication } from '../applications/application-access.js';
import { ApplicationError } from '../applications/applications.errors.js';
import { Public } from '../http/access.js';
import { ApiProblems } from '../http/api-problems.js';
import { CurrentClient, type Client } from '../http/client.js';
import { BODY_PROBLEMS } from '../http/common.errors.js';
import { OtpError } from './otp.errors.js';
import { ProofClaims, RedeemProof } from './proofs.dto.js';
import { ProofService } from './proof.service.js';

@ApiTags('Codes')
@Public()
@RequiresApplication()
@ApiSecurity({})
@ApiSecurity('application')
@Controller('proofs')
export class ProofsController {
  constructor(private readonly proofs: ProofService) {}

  /**
   * Redeem a proof
   *
   * @remarks Checks the `proof` from a reply of `/otp/verify` and uses it up: each proof is
   * accepted once, by whichever server sends it first. An application redeems the proofs of its
   * own audience. Without an application (`API_ACCESS=open`), those of this server's audience. A
   * backend that keeps the `jti` of used proofs itself can check them offline instead.
   */
  @Post('redeem')
  @HttpCode(200)
  @ApiBody({
    type: RedeemProof,
    examples: { proof: { summary: 'Proof from /otp/verify', value: { proof: 'eyJhbGciOiJFUzI1NiIs…' } } },
  })
  @ApiProblems(
    OtpError.proofInvalid(),
    OtpError.proofAlreadyRedeemed(),
    ApplicationError.invalid(),
    ApplicationError.required(),
    ApplicationError.serverRequired(),
    ApplicationError.originNotAllowed(),
    ...BODY_PROBLEMS,
  )
  redeemProof(@Body() { proof }: RedeemProof, @CurrentClient() client: Client): Promise<ProofClaims> {
    return this.proofs.redeem(proof, client);
  }
}
