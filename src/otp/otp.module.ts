import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { NotifierModule } from '../notifier/notifier.module.js';
import { SigningModule } from '../signing/signing.module.js';
import { ChallengeStatusRepository } from './challenge-status.repository.js';
import { ChallengeStatuses } from './challenge-status.service.js';
import { ChallengeStreams } from './challenge-streams.js';
import { Challenge } from './challenge.entity.js';
import { ChallengeRepository } from './challenge.repository.js';
import { ChallengesController } from './challenges.controller.js';
import { Codes } from './codes.js';
import { OperationsController } from '../deliveries/deliveries.controller.js';
import { OperationsService } from '../deliveries/unblock.service.js';
import { OtpController } from './otp.controller.js';
import { OtpHousekeeping } from './otp.housekeeping.js';
import { OtpService } from './otp.service.js';
import { ProofService } from './proof.service.js';
import { Purposes } from './purposes.js';
import { Recipients } from './recipients.js';
import { TimelineRepository } from './challenge-history.js';
import { TimelineService } from '../deliveries/timeline.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Challenge]), AuditModule, NotifierModule, SigningModule],
  controllers: [OtpController, ChallengesController, OperationsController],
  providers: [
    OtpService,
    Codes,
    ProofService,
    Purposes,
    Recipients,
    ChallengeRepository,
    ChallengeStatuses,
    ChallengeStatusRepository,
    ChallengeStreams,
    TimelineService,
    TimelineRepository,
    OperationsService,
    OtpHousekeeping,
  ],
  exports: [OtpService, Codes, Purposes, Recipients],
})
export class OtpModule {}
