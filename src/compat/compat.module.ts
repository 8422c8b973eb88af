import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { CustomersModule } from '../customers/customers.module.js';
import { OtpModule } from '../otp/otp.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { CompatAuthController } from './compat-auth.controller.js';
import { CompatCustomersController } from './compat-customers.controller.js';
import { RegistrationCookie } from './registration-cookie.js';

/**
 * Routes that exist only for clients of an older system. They call the same services as the others.
 */
@Module({
  imports: [AuthModule, CustomersModule, OtpModule, SessionsModule],
  controllers: [CompatAuthController, CompatCustomersController],
  providers: [RegistrationCookie],
})
export class CompatModule {}
