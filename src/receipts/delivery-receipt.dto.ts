import { IsIn, IsOptional, IsUUID, Matches } from 'class-validator';

export class DeliveryReceipt {
  /**
   * The `id` that the message was sent with.
   * @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001"
   */
  @IsUUID()
  id!: string;

  /**
   * What became of it.
   * @example "failed"
   */
  @IsIn(['delivered', 'failed'])
  status!: 'delivered' | 'failed';

  /**
   * Why it failed, in a word.
   * @example "landline"
   */
  @IsOptional()
  @Matches(/^[a-z0-9_.-]{1,32}$/i, { message: 'reason must be up to 32 letters, digits and any of _.-' })
  reason?: string;
}
