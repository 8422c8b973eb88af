import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Budgets } from '../budgets/budgets.service.js';
import { AuditLog } from '../audit/audit-log.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { maskedAddress, type Recipient } from '../common/recipient.js';
import { MessageHistory } from '../notifier/outbox/message-history.js';
import { ChallengeHistory } from '../otp/challenge-history.js';

@Injectable()
export class UnblockService {
  constructor(
    private readonly budgets: Budgets,
    private readonly challengeHistory: ChallengeHistory,
    private readonly messageHistory: MessageHistory,
    private readonly audit: AuditLog,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Lets a recipient request codes again at once. The change and its audit entry are committed
   * together. A live code stays unverified and keeps its count of attempts.
   */
  async unblock(
    caller: Caller,
    recipient: Recipient,
    purpose: string | undefined,
    client: Client,
  ): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const codes = await this.challengeHistory.unblock(manager, recipient, purpose);
      await this.budgets.reset(recipient, manager);
      const suppressionLifted = await this.messageHistory.unsuppress(recipient, manager);
      const details = {
        recipient: maskedAddress(recipient),
        ...(purpose && { purpose }),
        codes,
        suppressionLifted,
      };
      await this.audit.record(
        { actorId: caller.userId, action: 'delivery.unblock', details, client },
        manager,
      );
    });
  }
}
