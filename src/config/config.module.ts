import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Keyring } from '../common/keyring.js';
import { Config } from './config.js';
import { TestIdentities } from './test-identities.js';

/** The settings, and the providers that need nothing but settings. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: Config): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: Config, useValue: config },
        { provide: Keyring, useFactory: () => keyringOf(config) },
        { provide: TestIdentities, useFactory: () => new TestIdentities(config.TEST_IDENTITIES) },
      ],
      exports: [Config, Keyring, TestIdentities],
    };
  }
}

function keyringOf(config: Config): Keyring {
  return new Keyring(appSecret(config), config.APP_SECRET_PREVIOUS, config.APP_SECRET_NEXT);
}

/**
 * `APP_SECRET`. Without it, which only development allows, a secret is created once under
 * `DATA_DIR`.
 */
function appSecret(config: Config): string {
  if (config.APP_SECRET) return config.APP_SECRET;
  const file = join(config.DATA_DIR, 'app-secret');
  const draft = `${file}.${process.pid}`;
  mkdirSync(config.DATA_DIR, { recursive: true });
  writeFileSync(draft, randomBytes(48).toString('base64'), { mode: 0o600 });
  try {
    // Creating a link is atomic. If several processes start at once, one wins and all use its
    // secret.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  return readFileSync(file, 'utf8');
}
