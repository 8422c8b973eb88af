import { Module, type DynamicModule } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import { Metrics } from './metrics/metrics.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { CustomersModule } from './customers/customers.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { InboxModule } from './inbox/inbox.module.js';
import { PreviewModule } from './inbox/preview.module.js';
import { LimitsModule } from './http/address-limit.module.js';
import { WebhooksModule } from './receipts/receipts.module.js';
import { OtpModule } from './otp/otp.module.js';
import { UsersModule } from './users/users.module.js';

@Module({})
export class AppModule {
  static with(config: Config, metrics = new Metrics()): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config, metrics),
        DatabaseModule,
        LimitsModule,
        HealthModule.with(config),
        OtpModule,
        AuthModule,
        UsersModule,
        CustomersModule,
        WebhooksModule.with(config),
        ...(config.hasInbox ? [InboxModule] : []),
        ...(config.production ? [] : [PreviewModule]),
      ],
    };
  }
}
