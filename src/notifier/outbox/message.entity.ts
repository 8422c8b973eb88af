import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Recipient } from '../../common/recipient.js';

/**
 * Queued and sending are alive, and so is sent while its row waits for a receipt; in every other case the row is finished
 * and holds no secret. A receipt may still turn sent into delivered or failed, and nothing turns those.
 */
export type MessageState = 'queued' | 'sending' | 'sent' | 'delivered' | 'failed' | 'expired' | 'superseded';

/** Something that was done with a message or heard of it. */
export interface LogEntry {
  at: string;
  /** `retry` after an attempt that failed, `silent` when no receipt came in time; else what it came to. */
  event: 'sent' | 'retry' | 'silent' | 'delivered' | 'failed' | 'expired' | 'superseded';
  provider: string | null;
  reason: string | null;
  /** The vendor's id of the message. */
  ref: string | null;
}

/** One message of the outbox, from the statement that made it to the vendor's answer. */
@Entity('messages')
@Index('messages_due_codes', ['channel', 'dueAt'], {
  where: 'sealed is not null and challenge_id is not null',
})
@Index('messages_due_notices', ['channel', 'dueAt'], { where: 'sealed is not null and challenge_id is null' })
@Index('messages_recipient', ['recipient', 'createdAt'])
export class Message {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'messages_pkey' })
  id!: string;

  @Column({ type: 'text', collation: 'C' })
  recipient!: Recipient;

  @Column({ type: 'text', collation: 'C' })
  purpose!: string;

  @Column({ type: 'text', collation: 'C', default: '' })
  lane!: string;

  /** Whose code it carries: its own id, or that of the challenge whose code it repeats; null for a notice. */
  @Index('messages_repeats', { where: 'challenge_id <> id' })
  @Column('uuid', { name: 'challenge_id', nullable: true })
  challengeId!: string | null;

  @Column({ type: 'text', collation: 'C' })
  channel!: string;

  @Column('text')
  template!: string;

  /** What the template shows, sealed to recipient, purpose and lane; wiped when it is finished. */
  @Column('bytea', { nullable: true })
  sealed!: Buffer | null;

  @Column('text')
  state!: MessageState;

  /** Calls of a vendor. */
  @Column('smallint', { default: 0 })
  attempts!: number;

  /** Why the last attempt failed, in our own words. */
  @Column('text', { nullable: true })
  failure!: string | null;

  @Column('text', { nullable: true })
  provider!: string | null;

  /** The vendor's id of the message. */
  @Column('text', { name: 'provider_ref', nullable: true })
  providerRef!: string | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  /** When any process may take it: the end of the lease, of the wait before a retry, or of that for a receipt. */
  @Column('timestamptz', { name: 'due_at' })
  dueAt!: Date;

  /** Nothing is sent after this. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Index('messages_finished', { where: 'finished_at is not null' })
  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;

  /** What was tried and heard, in order. */
  @Column('jsonb', { default: [] })
  log!: LogEntry[];
}
