import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Inbox } from '../inbox/inbox-store.js';
import { Keyring } from '../common/keyring.js';
import { Metrics } from '../metrics/metrics.js';
import { appSecret } from './app-secret.js';
import { Config } from './config.js';
import { TestIdentities } from './test-identities.js';

/** The settings and what is made of nothing else, for every module. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: Config, metrics: Metrics): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: Config, useValue: config },
        { provide: Metrics, useValue: metrics },
        { provide: Keyring, useFactory: () => new Keyring(appSecret(config), config.APP_SECRET_PREVIOUS) },
        Inbox,
        TestIdentities,
      ],
      exports: [Config, Metrics, Keyring, Inbox, TestIdentities],
    };
  }
}
