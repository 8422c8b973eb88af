import { Module } from '@nestjs/common';
import { Inbox } from '../common/inbox.js';
import { Config } from '../config/config.js';
import { InboxMailer } from './inbox.mailer.js';
import { Mailer } from './mailer.js';
import { PostmarkMailer } from './postmark.mailer.js';

@Module({
  providers: [
    {
      provide: Mailer,
      inject: [Config, Inbox],
      useFactory: (config: Config, inbox: Inbox): Mailer =>
        config.MAIL_PROVIDER === 'postmark' ? new PostmarkMailer(config) : new InboxMailer(inbox),
    },
  ],
  exports: [Mailer],
})
export class MailModule {}
