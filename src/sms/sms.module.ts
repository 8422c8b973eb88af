import { Module } from '@nestjs/common';
import { Inbox } from '../common/inbox.js';
import { Config } from '../config/config.js';
import { InboxSmsSender } from './inbox.sms-sender.js';
import { SmsSender } from './sms-sender.js';
import { TwilioSmsSender } from './twilio.sms-sender.js';

@Module({
  providers: [
    {
      provide: SmsSender,
      inject: [Config, Inbox],
      useFactory: (config: Config, inbox: Inbox): SmsSender =>
        config.SMS_PROVIDER === 'twilio' ? new TwilioSmsSender(config) : new InboxSmsSender(inbox),
    },
  ],
  exports: [SmsSender],
})
export class SmsModule {}
