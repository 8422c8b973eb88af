import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Inbox } from '../common/inbox.js';
import { Keyring } from '../common/keyring.js';
import { appSecret } from './app-secret.js';
import { Config } from './config.js';

/** The settings and what is made of nothing else, for every module. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: Config): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: Config, useValue: config },
        { provide: Keyring, useFactory: () => new Keyring(appSecret(config), config.APP_SECRET_PREVIOUS) },
        Inbox,
      ],
      exports: [Config, Keyring, Inbox],
    };
  }
}
