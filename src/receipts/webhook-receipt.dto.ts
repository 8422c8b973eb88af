import { IsIn, IsOptional, IsUUID, Matches } from 'class-validator';

export class WebhookReceipt {
  /**
   * The `id` of the message.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  @IsUUID()
  id!: string;

  /**
   * Whether the message was delivered.
   * @example "failed"
   */
  @IsIn(['delivered', 'failed'])
  status!: 'delivered' | 'failed';

  /**
   * Why the message failed, in one word.
   * @example "landline"
   */
  @IsOptional()
  @Matches(/^[a-z0-9_.-]{1,32}$/i, { message: 'reason must be up to 32 letters, digits and any of _.-' })
  reason?: string;
}
