import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Recipient } from '../common/recipient.js';

/** Queued and sending are alive; every other state is final, and its row holds no secret. */
export type MessageState = 'queued' | 'sending' | 'sent' | 'failed' | 'expired' | 'superseded';

/** One message of the outbox, from the statement that made it to the vendor's answer. */
@Entity('messages')
@Index('messages_due', ['channel', 'dueAt'], { where: `state in ('queued', 'sending')` })
export class Message {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'messages_pkey' })
  id!: string;

  @Column('text')
  recipient!: Recipient;

  @Column('text')
  purpose!: string;

  @Column('text', { default: '' })
  lane!: string;

  @Index('messages_challenge')
  @Column('uuid', { name: 'challenge_id', nullable: true })
  challengeId!: string | null;

  @Column('text')
  channel!: string;

  @Column('text')
  template!: string;

  /** What the template shows, sealed to recipient, purpose and lane; wiped in every final state. */
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

  /** When any process may take it: the end of the lease, or of the wait before a retry. */
  @Column('timestamptz', { name: 'due_at' })
  dueAt!: Date;

  /** Nothing is sent after this. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
