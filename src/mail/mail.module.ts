import { Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import type { MailProvider } from '../config/providers.js';
import { InboxStore } from '../inbox/inbox-store.js';
import { InboxMailer } from './inbox.mailer.js';
import type { Mailer } from './mailer.js';
import { Mailers } from './mailers.js';
import { PostmarkMailer } from './postmark.mailer.js';
import { SmtpMailer } from './smtp.mailer.js';
import { WebhookMailer } from './webhook.mailer.js';

/**
 * Returns a function that creates the mailer of a provider. The compiler requires all providers.
 */
export function createMailer(config: Config, inbox: InboxStore) {
  const create = {
    inbox: () => new InboxMailer(config, inbox),
    postmark: () => new PostmarkMailer(config),
    smtp: () => new SmtpMailer(config),
    webhook: () => new WebhookMailer(config),
  } satisfies Record<MailProvider, () => Mailer>;
  return (provider: MailProvider): Mailer => create[provider]();
}

@Module({
  providers: [
    {
      provide: Mailers,
      inject: [Config, InboxStore],
      useFactory: (config: Config, inbox: InboxStore) =>
        new Mailers(config.mailProviders.map(createMailer(config, inbox))),
    },
  ],
  exports: [Mailers],
})
export class MailModule {}
