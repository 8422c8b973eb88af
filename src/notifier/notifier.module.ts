import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MailModule } from '../mail/mail.module.js';
import { SmsModule } from '../sms/sms.module.js';
import { Dispatcher } from './dispatcher.js';
import { Message } from './message.entity.js';
import { MessageRepository } from './message.repository.js';
import { Notifier } from './notifier.js';
import { OutcomeWriter } from './outcome-writer.js';
import { Templates } from './templates.js';

@Module({
  imports: [TypeOrmModule.forFeature([Message]), MailModule, SmsModule],
  providers: [MessageRepository, OutcomeWriter, Templates, { provide: Notifier, useClass: Dispatcher }],
  exports: [Notifier],
})
export class NotifierModule {}
