import { Module, type DynamicModule } from '@nestjs/common';
import { ApplicationAccessModule, ApplicationsModule } from './applications/applications.module.js';
import { AuthModule } from './auth/auth.module.js';
import { BudgetsModule } from './budgets/budgets.module.js';
import { CompatModule } from './compat/compat.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { CustomersModule } from './customers/customers.module.js';
import { DatabaseModule } from './database/database.module.js';
import { DeliveriesModule } from './deliveries/deliveries.module.js';
import { ExportModule } from './export/export.module.js';
import { HealthModule } from './health/health.module.js';
import { AddressLimitModule } from './http/address-limit.module.js';
import { HomeController } from './http/home.controller.js';
import { SecurityTxtController } from './http/security-txt.controller.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { InboxStoreModule } from './inbox/inbox-store.module.js';
import { InboxModule } from './inbox/inbox.module.js';
import { PreviewModule } from './inbox/preview.module.js';
import { Metrics } from './metrics/metrics.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { OtpModule } from './otp/otp.module.js';
import { ReceiptsModule } from './receipts/receipts.module.js';
import { UsersModule } from './users/users.module.js';

@Module({})
export class AppModule {
  static with(config: Config, metrics = new Metrics()): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        MetricsModule.with(metrics),
        DatabaseModule,
        // Guards run in this order: which application calls, the limit per address, what it may do.
        ApplicationsModule,
        AddressLimitModule,
        ApplicationAccessModule,
        HealthModule.with(config),
        InboxStoreModule,
        BudgetsModule,
        IdempotencyModule,
        OtpModule,
        DeliveriesModule,
        AuthModule,
        UsersModule,
        CustomersModule,
        ExportModule,
        CompatModule,
        ReceiptsModule.with(config),
        ...(config.hasInbox ? [InboxModule] : []),
        ...(config.production ? [] : [PreviewModule]),
      ],
      controllers: [HomeController, ...(config.SECURITY_CONTACT ? [SecurityTxtController] : [])],
    };
  }
}
