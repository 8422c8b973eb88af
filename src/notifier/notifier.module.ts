import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MailModule } from '../mail/mail.module.js';
import { SmsModule } from '../sms/sms.module.js';
import { CodeOutcomes } from './outbox/provider-feedback.js';
import { Courier } from './outbox/delivery-attempt.js';
import { Dispatcher } from './outbox/dispatcher.js';
import { Message } from './outbox/message.entity.js';
import { MessageHistory } from './outbox/message-history.js';
import { MessageRepository } from './outbox/message.repository.js';
import { Notifier } from './notifier.js';
import { NotifierHousekeeping } from './outbox/outbox.housekeeping.js';
import { OutcomeWriter } from './outbox/outcome-writer.js';
import { QueueMetrics } from './outbox/queue-metrics.js';
import { Routes } from './outbox/provider-selector.js';
import { Suppression } from './outbox/suppression.entity.js';
import { Templates } from './text/templates.js';

@Module({
  imports: [TypeOrmModule.forFeature([Message, Suppression]), MailModule, SmsModule],
  providers: [
    MessageRepository,
    MessageHistory,
    OutcomeWriter,
    NotifierHousekeeping,
    QueueMetrics,
    Courier,
    Routes,
    CodeOutcomes,
    Templates,
    { provide: Notifier, useClass: Dispatcher },
  ],
  exports: [Notifier, CodeOutcomes, MessageHistory, Templates],
})
export class NotifierModule {}
