import { Injectable } from '@nestjs/common';
import { Budgets, type PriceCorrection } from '../../budgets/budgets.service.js';
import { Sql, statement } from '../../database/sql.js';
import type { Channel, MessageContent } from '../notifier.js';
import { smsSize } from '../text/sms-segments.js';
import { Templates } from '../text/templates.js';

const CORRECTION = `created_at as "chargedAt", recipient, application_id as "applicationId"`;

/**
 * Records the real price once. Of several receipts with a price, the row lock makes the first one win.
 * The difference is to the newest price, so it is right before and after SET_PRICE.
 */
const SET_REAL_PRICE = statement(
  'messages_set_real_price',
  `
    update messages set real_price = $2::int where id = $1::uuid and price is not null and real_price is null
    returning $2 - price as difference, ${CORRECTION}`,
);

/** Changes the price that was charged, once and only while no receipt has said the real one. */
const SET_PRICE = statement(
  'messages_set_price',
  `
    update messages set price = $3::int where id = $1::uuid and price = $2::int and real_price is null
    returning $3 - $2 as difference, ${CORRECTION}`,
);

/** What messages cost. In millionths of the unit of `PHONE_PRICES`. */
@Injectable()
export class MessagePrices {
  constructor(
    private readonly sql: Sql,
    private readonly templates: Templates,
    private readonly budgets: Budgets,
  ) {}

  /** How many times the price of a segment is billed for a message. Only an SMS is billed by its length. */
  segmentsOf(channel: Channel, template: string, content: MessageContent, secondsLeft: number): number {
    if (channel !== 'sms') return 1;
    try {
      return smsSize(this.templates.sms(template, content, secondsLeft)).segments;
    } catch {
      // Nothing is sent either. The delivery reports the error.
      return 1;
    }
  }

  /** A receipt says what the message cost. */
  setRealPrice(messageId: string, price: number): Promise<void> {
    return this.correct(SET_REAL_PRICE, [messageId, price]);
  }

  /** The message costs another price than it was charged. */
  changePrice(messageId: string, charged: number, price: number): Promise<void> {
    return this.correct(SET_PRICE, [messageId, charged, price]);
  }

  private async correct(setPrice: typeof SET_PRICE, values: unknown[]): Promise<void> {
    const correction = await this.sql.row<PriceCorrection & Record<string, unknown>>(setPrice, values);
    if (correction) await this.budgets.correctPrice(correction);
  }
}
