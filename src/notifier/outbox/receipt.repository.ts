import { Injectable } from '@nestjs/common';
import type { Channel } from '../../common/delivery.js';
import { Sql, statement } from '../../database/sql.js';
import { logEntry, logHas, NEXT_STATE } from './message.sql.js';

/** What a vendor tells of a message that it has taken. */
export interface Receipt {
  /** Our id of it. */
  messageId: string;
  event: 'delivered' | 'failed';
  provider: string;
  /** The vendor's id of it. */
  ref: string;
  /** Why it failed. */
  failure?: string;
}

interface Received extends Record<string, unknown> {
  state: string;
  channel: Channel;
}

/** Whether the vendor's id is that of the newest attempt, or of an earlier one. */
const IS_NEWEST = 'm.provider = $3::text and m.provider_ref = $4::text';
const IS_OURS = `(${IS_NEWEST} or ${logHas(`'sent'`, '$4::text')})`;
/** It still holds its content, and there is a reason to send it: the next provider's turn. */
const GOES_ON = `m.sealed is not null and ${NEXT_STATE} = 'sending'`;

/**
 * Takes a receipt in, once: the conditions are those of the transition, so under the row's lock the first of any number
 * of duplicates in any order is the one that changes it, and a state that a receipt made is never left.
 *
 * A receipt can be faster than the vendor's answer to our call. "Delivered" then ends the message, and the answer, whose
 * batch only writes to a message that is being sent, changes nothing. "Failed" is put on the log, where the batch that
 * writes "sent" for the same vendor's id finds it.
 */
const RECEIVE = statement(
  'messages_receive',
  `
    update messages m set
      state = case when $2::text = 'delivered' then 'delivered' when m.state <> 'sent' then m.state
        when ${GOES_ON} then 'queued' else 'failed' end,
      sealed = case when $2 = 'failed' and (m.state <> 'sent' or ${GOES_ON}) then m.sealed end,
      due_at = case when $2 = 'failed' and m.state = 'sent' then now() else m.due_at end,
      finished_at = case when $2 = 'failed' and (m.state <> 'sent' or ${GOES_ON}) then null else now() end,
      failure = $5::text,
      provider = case when $2 = 'delivered' then $3 else m.provider end,
      provider_ref = case when $2 = 'delivered' then $4 else m.provider_ref end,
      log = m.log || ${logEntry('$2', '$3', '$5', '$4')}
    where m.id = $1::uuid and case
      when m.state in ('queued', 'sending') then $2 = 'delivered' or not ${logHas(`'failed'`, '$4')}
      when m.state = 'sent' then case $2 when 'delivered' then ${IS_OURS} else ${IS_NEWEST} end
      else false end
    returning m.state, m.channel`,
);

@Injectable()
export class ReceiptRepository {
  constructor(private readonly sql: Sql) {}

  /** The message if this changed it, else null: unknown, foreign, heard before, or too late. */
  receive({ messageId, event, provider, ref, failure }: Receipt): Promise<Received | null> {
    return this.sql.row<Received>(RECEIVE, [messageId, event, provider, ref, failure ?? null]);
  }
}
