import type { OnApplicationShutdown } from '@nestjs/common';
import type { Mailer } from './mailer.js';

/** The providers of mails, in the order to try. */
export class Mailers implements OnApplicationShutdown {
  constructor(readonly list: Mailer[]) {}

  /** Nest calls it after the modules that import this one have sent their messages. */
  onApplicationShutdown(): void {
    for (const mailer of this.list) mailer.close();
  }
}
