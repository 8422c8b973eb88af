import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../database/sql.js';
import { TwilioVerifyFeedback } from '../../sms/twilio.verify-feedback.js';
import { belongsToChallenge } from './message.sql.js';

const REFERENCES = statement(
  'messages_references',
  `
    select distinct entry ->> 'ref' as ref
    from messages m, jsonb_array_elements(m.log) as entry
    where ${belongsToChallenge('$1')} and entry ->> 'provider' = $2 and entry ->> 'ref' is not null`,
);

/** Reports how a code ended to the provider that counts open codes. */
@Injectable()
export class ProviderFeedback {
  constructor(
    private readonly sql: Sql,
    private readonly feedback: TwilioVerifyFeedback,
  ) {}

  /** Returns at once. Failures are ignored, because no result depends on the report. */
  report(challengeId: string, status: 'approved' | 'canceled'): void {
    const { provider } = this.feedback;
    if (provider !== null) void this.send(challengeId, provider, status).catch(() => undefined);
  }

  private async send(id: string, provider: string, status: 'approved' | 'canceled'): Promise<void> {
    const rows = await this.sql.rows<{ ref: string }>(REFERENCES, [id, provider]);
    await Promise.all(rows.map(({ ref }) => this.feedback.close(ref, status)));
  }
}
