import { Module } from '@nestjs/common';
import { ApplicationsModule } from '../applications/applications.module.js';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { NotifierModule } from '../notifier/notifier.module.js';
import { SigningModule } from '../signing/signing.module.js';
import { SmsModule } from '../sms/sms.module.js';
import { CallerRules } from './caller-rules.js';
import { ChallengeHistory } from './challenge-history.js';
import { ChallengeStatusRepository } from './challenge-status.repository.js';
import { ChallengeStatusService } from './challenge-status.service.js';
import { ChallengeStreams } from './challenge-streams.js';
import { ChallengeRepository } from './challenge.repository.js';
import { CodeGuesses } from './code-guesses.js';
import { Codes } from './codes.js';
import { MessageCharges } from './message-charges.js';
import { OtpController } from './otp.controller.js';
import { OtpHousekeeping } from './otp.housekeeping.js';
import { OtpService } from './otp.service.js';
import { ProofsController } from './proofs.controller.js';
import { ProofService } from './proof.service.js';
import { Purposes } from './purposes.js';
import { RedeemedProofRepository } from './redeemed-proof.repository.js';
import { Recipients } from './recipients.js';

@Module({
  imports: [ApplicationsModule, BudgetsModule, NotifierModule, SmsModule, SigningModule],
  controllers: [OtpController, ProofsController],
  providers: [
    OtpService,
    Codes,
    CallerRules,
    CodeGuesses,
    MessageCharges,
    ProofService,
    RedeemedProofRepository,
    Purposes,
    Recipients,
    ChallengeRepository,
    ChallengeHistory,
    ChallengeStatusService,
    ChallengeStatusRepository,
    ChallengeStreams,
    OtpHousekeeping,
  ],
  exports: [
    OtpService,
    ChallengeHistory,
    ChallengeStatusService,
    ChallengeStreams,
    Codes,
    Purposes,
    Recipients,
  ],
})
export class OtpModule {}
