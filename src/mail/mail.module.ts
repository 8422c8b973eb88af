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

@Module({
  providers: [
    {
      provide: Mailers,
      inject: [Config, InboxStore],
      useFactory: (config: Config, inbox: InboxStore): Mailers => {
        const create = {
          inbox: () => new InboxMailer(config, inbox),
          postmark: () => new PostmarkMailer(config),
          smtp: () => new SmtpMailer(config),
          webhook: () => new WebhookMailer(config),
        } satisfies Record<MailProvider, () => Mailer>;
        return new Mailers(config.mailProviders.map((provider) => create[provider]()));
      },
    },
  ],
  exports: [Mailers],
})
export class MailModule {}
