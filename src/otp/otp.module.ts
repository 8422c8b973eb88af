import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { NotifierModule } from '../notifier/notifier.module.js';
import { SigningModule } from '../signing/signing.module.js';
import { Challenge } from './challenge.entity.js';
import { ChallengeRepository } from './challenge.repository.js';
import { OtpController } from './otp.controller.js';
import { OtpHousekeeping } from './otp.housekeeping.js';
import { OtpService } from './otp.service.js';
import { ProofService } from './proof.service.js';
import { Purposes } from './purposes.js';
import { Recipients } from './recipients.js';

@Module({
  imports: [TypeOrmModule.forFeature([Challenge]), NotifierModule, SigningModule],
  controllers: [OtpController],
  providers: [OtpService, ProofService, Purposes, Recipients, ChallengeRepository, OtpHousekeeping],
  exports: [OtpService, Purposes, Recipients],
})
export class OtpModule {}
