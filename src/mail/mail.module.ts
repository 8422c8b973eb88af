import { Module } from '@nestjs/common';
import { Inbox } from '../inbox/inbox-store.js';
import { Config } from '../config/config.js';
import { InboxMailer } from './inbox.mailer.js';
import { Mailers } from './mailers.js';
import { PostmarkMailer } from './postmark.mailer.js';
import { SmtpMailer } from './smtp.mailer.js';
import { WebhookMailer } from './webhook.mailer.js';

@Module({
  providers: [
    {
      provide: Mailers,
      inject: [Config, Inbox],
      useFactory: (config: Config, inbox: Inbox): Mailers => {
        const made = {
          inbox: () => new InboxMailer(inbox),
          postmark: () => new PostmarkMailer(config),
          smtp: () => new SmtpMailer(config),
          webhook: () => new WebhookMailer(config),
        };
        return new Mailers(config.mailProviders.map((name) => made[name]()));
      },
    },
  ],
  exports: [Mailers],
})
export class MailModule {}
