import type { Mailer } from './mailer.js';

/** Who takes mails, in the order to try. */
export class Mailers {
  constructor(readonly list: Mailer[]) {}
}
