import { Module } from '@nestjs/common';
import { OtpModule } from '../otp/otp.module.js';
import { AuthController } from './auth.controller.js';

@Module({ imports: [OtpModule], controllers: [AuthController] })
export class AuthModule {}
