import { Module } from '@nestjs/common';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { MailModule } from '../mail/mail.module.js';
import { SmsModule } from '../sms/sms.module.js';
import { Notifier } from './notifier.js';
import { DeliveryAttempts } from './outbox/delivery-attempts.js';
import { Dispatcher } from './outbox/dispatcher.js';
import { MessageHistory } from './outbox/message-history.js';
import { MessagePrices } from './outbox/message-prices.js';
import { MessageReceipts } from './outbox/message-receipts.js';
import { MessageRepository } from './outbox/message.repository.js';
import { OutboxHousekeeping } from './outbox/outbox.housekeeping.js';
import { OutcomeWriter } from './outbox/outcome-writer.js';
import { ProviderFeedback } from './outbox/provider-feedback.js';
import { ProviderSelector } from './outbox/provider-selector.js';
import { QueueMetrics } from './outbox/queue-metrics.js';
import { ReceiptRepository } from './outbox/receipt.repository.js';
import { SuppressionRepository } from './outbox/suppression.repository.js';
import { Templates } from './text/templates.js';

@Module({
  imports: [BudgetsModule, MailModule, SmsModule],
  providers: [
    Templates,
    MessageRepository,
    ReceiptRepository,
    SuppressionRepository,
    ProviderSelector,
    DeliveryAttempts,
    OutcomeWriter,
    MessageHistory,
    MessagePrices,
    MessageReceipts,
    ProviderFeedback,
    QueueMetrics,
    OutboxHousekeeping,
    { provide: Notifier, useClass: Dispatcher },
  ],
  exports: [Notifier, MessageHistory, MessagePrices, MessageReceipts, ProviderFeedback, Templates],
})
export class NotifierModule {}
