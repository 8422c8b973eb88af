import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../database/sql.js';
import { VerifyFeedback } from '../../sms/verify-feedback.js';
import { ofChallenge } from './message.sql.js';

const REFERENCES = statement(
  'messages_references',
  `
    select distinct entry ->> 'ref' as ref
    from messages m, jsonb_array_elements(m.log) as entry
    where ${ofChallenge('$1')} and entry ->> 'provider' = $2 and entry ->> 'ref' is not null`,
);

/** Tells providers that count open codes how a code ended. */
@Injectable()
export class CodeOutcomes {
  constructor(
    private readonly sql: Sql,
    private readonly feedback: VerifyFeedback,
  ) {}

  /** Returns at once: nobody waits for it, and its failure is nobody's. */
  ended(challengeId: string, status: 'approved' | 'canceled'): void {
    const { provider } = this.feedback;
    if (provider !== null) void this.report(challengeId, provider, status).catch(() => undefined);
  }

  private async report(id: string, provider: string, status: 'approved' | 'canceled'): Promise<void> {
    const rows = await this.sql.rows<{ ref: string }>(REFERENCES, [id, provider]);
    await Promise.all(rows.map(({ ref }) => this.feedback.close(ref, status)));
  }
}
