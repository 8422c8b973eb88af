import { Allow, IsOptional, IsUUID, Matches } from 'class-validator';
import { MICROS } from '../config/phone-prices.js';

/** The fields that we read from a receipt. All other fields are ignored. */
export class WebhookReceipt {
  /**
   * The `id` of the message.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  @IsUUID()
  id!: string;

  /**
   * `delivered` or `failed`. Any other status is ignored.
   * @example "failed"
   */
  @Matches(/^[a-z0-9_.-]{1,32}$/i, { message: 'status must be up to 32 letters, digits and any of _.-' })
  status!: string;

  /**
   * Why the message failed, in one word.
   * @example "landline"
   */
  @IsOptional()
  @Matches(/^[a-z0-9_.-]{1,32}$/i, { message: 'reason must be up to 32 letters, digits and any of _.-' })
  reason?: string;

  /**
   * What the message cost in all, in the unit of `PHONE_PRICES`, as a decimal or a number. The first
   * price of a message corrects what was counted as spent. Anything else is ignored.
   * @example "0.0158"
   */
  @Allow()
  price?: string | number;
}

/** In millionths; null if the field is no price, because older senders may use its name for more. */
export function priceOf({ price }: WebhookReceipt): number | null {
  const isPrice = /^\d{1,3}(\.\d{1,9})?$/.test(String(price));
  return isPrice ? Math.round(Number(price) * MICROS) : null;
}
