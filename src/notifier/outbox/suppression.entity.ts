import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Recipient } from '../../common/recipient.js';

/** `refused`: the vendor would not take a message for it, by a list of its own; the others come by webhook. */
export type SuppressionReason = 'bounced' | 'complained' | 'unsubscribed' | 'refused';

/** An address that nothing is sent to. */
@Entity('suppressions')
export class Suppression {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'suppressions_pkey', collation: 'C' })
  recipient!: Recipient;

  @Column('text')
  reason!: SuppressionReason;

  /** Who said so, and may take it back. */
  @Column('text')
  provider!: string;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;
}
