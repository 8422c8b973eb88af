import { Module } from '@nestjs/common';
import { AccountEventsModule } from '../account-events/account-events.module.js';
import { NotifierModule } from '../notifier/notifier.module.js';
import { OtpModule } from '../otp/otp.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { PasswordResetService } from './password-reset.service.js';
import { PasswordController } from './password.controller.js';
import { RegistrationController } from './registration.controller.js';
import { RegistrationRepository } from './registration.repository.js';
import { RegistrationService } from './registration.service.js';
import { SignInCodes } from './sign-in-codes.service.js';
import { SignInController } from './sign-in.controller.js';
import { SignInNotices } from './sign-in-notices.service.js';
import { SignInService } from './sign-in.service.js';

@Module({
  imports: [AccountEventsModule, NotifierModule, OtpModule, PasswordsModule, SessionsModule, UsersModule],
  controllers: [RegistrationController, SignInController, PasswordController],
  providers: [
    RegistrationService,
    RegistrationRepository,
    SignInService,
    SignInCodes,
    SignInNotices,
    PasswordResetService,
  ],
  exports: [RegistrationService, SignInService, PasswordResetService],
})
export class AuthModule {}
