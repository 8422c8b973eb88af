import { Injectable } from '@nestjs/common';
import type { Channel } from '../../common/delivery.js';
import { Sql, statement } from '../../database/sql.js';
import { CHANNEL_UNDELIVERABLE } from './failure-reasons.js';
import { logEntry, logHas, NEXT_STATE, recordUndeliverable } from './message.sql.js';

/** A vendor's report about a message that it accepted. */
export interface Receipt {
  /** Our id of the message. */
  messageId: string;
  event: 'delivered' | 'failed';
  provider: string;
  /** The vendor's id of the message. */
  ref: string;
  /** Why the message failed. */
  failure?: string;
}

/** A message that a receipt has changed. */
interface UpdatedMessage extends Record<string, unknown> {
  state: string;
  channel: Channel;
}

/** Whether the receipt belongs to the newest attempt, or to any attempt. */
const IS_NEWEST_ATTEMPT = 'm.provider = $3::text and m.provider_ref = $4::text';
const IS_ANY_ATTEMPT = `(${IS_NEWEST_ATTEMPT} or ${logHas(`'sent'`, '$4::text')})`;
/** Whether the next provider can send the message: it has its content and a reason to be sent. */
const CAN_FAIL_OVER = `m.sealed is not null and ${NEXT_STATE} = 'sending'`;

/**
 * Applies a receipt once. The row lock and the conditions on the current state make the first of
 * several duplicates win, in any order. A state set by a receipt is final.
 *
 * A receipt can arrive before the vendor's answer to our request. Then "delivered" ends the
 * message, and the answer changes nothing, because outcomes are written only to messages in state
 * `sending`. "Failed" is only logged, and the batch that writes "sent" for the same vendor id finds
 * it there.
 *
 * A message that fails because its channel does not reach the number ends the wait for other channels.
 */
const RECEIVE = statement(
  'messages_receive',
  `
    with received as (
      update messages m set
        state = case when $2::text = 'delivered' then 'delivered' when m.state <> 'sent' then m.state
          when ${CAN_FAIL_OVER} then 'queued' else 'failed' end,
        sealed = case when $2 = 'failed' and (m.state <> 'sent' or ${CAN_FAIL_OVER}) then m.sealed end,
        due_at = case when $2 = 'failed' and m.state = 'sent' then now() else m.due_at end,
        finished_at = case when $2 = 'failed' and (m.state <> 'sent' or ${CAN_FAIL_OVER}) then null else now() end,
        failure = $5::text,
        provider = case when $2 = 'delivered' then $3 else m.provider end,
        provider_ref = case when $2 = 'delivered' then $4 else m.provider_ref end,
        log = m.log || ${logEntry('$2', '$3', '$5', '$4')}
      where m.id = $1::uuid and case
        when m.state in ('queued', 'sending') then $2 = 'delivered' or not ${logHas(`'failed'`, '$4')}
        when m.state = 'sent' then case $2 when 'delivered' then ${IS_ANY_ATTEMPT} else ${IS_NEWEST_ATTEMPT} end
        else false end
      returning m.*),
    ${recordUndeliverable('received', '$6')}
    select state, channel from received`,
);

@Injectable()
export class ReceiptRepository {
  constructor(private readonly sql: Sql) {}

  /** The message if the receipt changed it; null if it is unknown, a duplicate or too late. */
  receive({ messageId, event, provider, ref, failure }: Receipt): Promise<UpdatedMessage | null> {
    return this.sql.row<UpdatedMessage>(RECEIVE, [
      messageId,
      event,
      provider,
      ref,
      failure ?? null,
      CHANNEL_UNDELIVERABLE,
    ]);
  }
}
