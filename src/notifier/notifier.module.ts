import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MailModule } from '../mail/mail.module.js';
import { SmsModule } from '../sms/sms.module.js';
import { CodeOutcomes } from './code-outcomes.js';
import { Courier } from './courier.js';
import { Dispatcher } from './dispatcher.js';
import { Message } from './message.entity.js';
import { MessageHistory } from './message-history.js';
import { MessageRepository } from './message.repository.js';
import { Notifier } from './notifier.js';
import { NotifierHousekeeping } from './notifier.housekeeping.js';
import { OutcomeWriter } from './outcome-writer.js';
import { QueueMetrics } from './queue-metrics.js';
import { Routes } from './routes.js';
import { Suppression } from './suppression.entity.js';
import { Templates } from './templates.js';

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
