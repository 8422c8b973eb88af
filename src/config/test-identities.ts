import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Recipient } from '../common/recipient.js';
import { Config } from './config.js';
import { isMatch, type TestIdentity } from './test-identity.js';

/** The addresses of `TEST_IDENTITIES` whose end has not come. After it they are addresses like all others. */
@Injectable()
export class TestIdentities implements OnApplicationBootstrap {
  private readonly logger = new Logger('TestIdentities');

  constructor(private readonly config: Config) {}

  onApplicationBootstrap(): void {
    const active = this.active().length;
    if (active > 0)
      this.logger.warn({ msg: 'TEST_IDENTITIES: codes of these addresses are known beforehand', active });
  }

  has(recipient: Recipient): boolean {
    return this.codeOf(recipient) !== undefined;
  }

  codeOf(recipient: Recipient): string | undefined {
    return this.active().find((identity) => isMatch(identity, recipient))?.code;
  }

  /** By this machine's clock: the end is a day, not a moment that anything races for. */
  private active(): TestIdentity[] {
    const now = new Date();
    return this.config.TEST_IDENTITIES.filter(({ until }) => !until || until > now);
  }
}
