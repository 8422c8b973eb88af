import type { Mailer } from './mailer.js';

/** The providers of mails, in the order to try. */
export class Mailers {
  constructor(readonly list: Mailer[]) {}
}
