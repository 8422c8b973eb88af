import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { AccountAction } from './account-action.js';

/** Something that happened to an account, or that somebody tried on one. */
@Entity('account_events')
@Index('account_events_user', ['userId', 'id'])
export class AccountEvent {
  /** UUID v7: the order of the ids is that of what happened. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'account_events_pkey' })
  id!: string;

  /** Null where there is no account, or none any more. */
  @ForeignKey('User', { name: 'account_events_user_fkey', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id', nullable: true })
  userId!: string | null;

  @Column('text')
  action!: AccountAction;

  @Column('boolean')
  succeeded!: boolean;

  /** The code of the refusal; `test` for what a test identity did. */
  @Column('text', { nullable: true })
  reason!: string | null;

  /** Masked, so that 90 days of failed sign-ins are no list of addresses. */
  @Column('text', { nullable: true })
  address!: string | null;

  @Column('text', { nullable: true })
  ip!: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent!: string | null;

  @Index('account_events_at')
  @Column('timestamptz', { default: () => 'now()' })
  at!: Date;
}
