import { Module, type DynamicModule } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { InboxModule } from './inbox/inbox.module.js';
import { LimitsModule } from './limits/limits.module.js';
import { OtpModule } from './otp/otp.module.js';

@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        DatabaseModule,
        LimitsModule,
        HealthModule,
        OtpModule,
        AuthModule,
        ...(config.hasInbox ? [InboxModule] : []),
      ],
    };
  }
}
