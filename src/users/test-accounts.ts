import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { StartError } from '../common/start-error.js';
import { Config } from '../config/config.js';
import { TestIdentities } from '../config/test-identities.js';
import { UserRepository } from './user.repository.js';

/** Keeps production from starting with a test identity whose address belongs to a person. */
@Injectable()
export class TestAccounts implements OnApplicationBootstrap {
  constructor(
    private readonly users: UserRepository,
    private readonly testIdentities: TestIdentities,
    private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const addresses = this.testIdentities.exactAddresses;
    if (!this.config.production || addresses.length === 0) return;
    if (await this.users.hasRealAccount(addresses))
      throw new StartError(
        'TEST_IDENTITIES names the address of an account that no test identity made: everybody who ' +
          'knows the code could try to enter it',
      );
  }
}
