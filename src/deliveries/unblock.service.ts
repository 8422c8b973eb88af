import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { maskedAddress, type Recipient } from '../common/recipient.js';
import { MessageHistory } from '../notifier/outbox/message-history.js';
import { ChallengeHistory } from '../otp/challenge-history.js';

/** What administrators do about codes that did not arrive. Each change and its audit entry are one commit. */
@Injectable()
export class UnblockService {
  constructor(
    private readonly codes: ChallengeHistory,
    private readonly history: MessageHistory,
    private readonly audit: AuditLog,
    private readonly dataSource: DataSource,
  ) {}

  /** Lets somebody ask for codes again at once. It approves nothing, and a live code keeps the guesses made at it. */
  async unblock(
    caller: Caller,
    recipient: Recipient,
    purpose: string | undefined,
    client: Client,
  ): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const codes = await this.codes.unblock(manager, recipient, purpose);
      const suppressionLifted = await this.history.unsuppress(recipient, manager);
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
