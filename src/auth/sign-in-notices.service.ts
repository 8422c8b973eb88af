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

/** Tells the owner of an account, by mail, of a sign-in that may not have been theirs. */
@Injectable()
export class SignInNotices {
  constructor(private readonly notifier: Notifier) {}

  /** One notice at most, for a sign-in waits for it: that of the failures says all that the other does. */
  async notifyOwner(account: Account, signIn: NewSignIn, { userAgent, ip, locale }: Client): Promise<void> {
    const { at, isNewDevice: anotherDevice, afterFailures } = signIn;
    if (!account.email || !(anotherDevice || afterFailures)) return;
    await this.notifier.notify({
      recipient: `email:${account.email}`,
      template: afterFailures ? 'many_failures' : 'new_sign_in',
      content: { locale, at: at.toISOString(), device: deviceName(userAgent), ip },
    });
  }
}
