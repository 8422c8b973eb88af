import { Injectable } from '@nestjs/common';
import type { Client } from '../http/client.js';
import { Notifier } from '../notifier/notifier.js';
import type { Account } from '../users/account.js';
import { deviceName } from './device-name.js';

interface NewSignIn {
  at: Date;
  isNewDevice: boolean;
  afterFailures: boolean;
}

/** Mails the owner of an account about a sign-in that may not be theirs. */
@Injectable()
export class SignInNotices {
  constructor(private readonly notifier: Notifier) {}

  /**
   * Queues at most one notice, because the sign-in waits for it. The notice about failures includes
   * everything that the one about a new device says.
   */
  async notifyOwner(account: Account, signIn: NewSignIn, client: Client): Promise<void> {
    const { userAgent, ip, locale } = client;
    const { at, isNewDevice, afterFailures } = signIn;
    if (!account.email || !(isNewDevice || afterFailures)) return;
    await this.notifier.notify({
      recipient: `email:${account.email}`,
      template: afterFailures ? 'many_failures' : 'new_sign_in',
      content: { locale, at: at.toISOString(), device: deviceName(userAgent), ip },
      client,
    });
  }
}
