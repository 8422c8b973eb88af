import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Recipient } from '../common/recipient.js';

/** The one code that may be live for a recipient, purpose and lane, with what was spent on it. */
@Entity('challenges')
export class Challenge {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'challenges_pkey', collation: 'C' })
  recipient!: Recipient;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'challenges_pkey', collation: 'C' })
  purpose!: string;

  /** Separates challenges that must not disturb each other; `''` is the public lane. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'challenges_pkey', collation: 'C', default: '' })
  lane!: string;

  /** Public handle of the code that is live now; not a secret. */
  @Column('uuid')
  id!: string;

  @Column('text')
  channel!: string;

  /** What verify compares. */
  @Column('bytea', { name: 'code_hash' })
  codeHash!: Buffer;

  /** What delivery and resend open; wiped when the code is consumed, exhausted or expired. */
  @Column('bytea', { name: 'code_sealed', nullable: true })
  codeSealed!: Buffer | null;

  /** Digest of what the code approves. */
  @Column('text', { name: 'context_hash', nullable: true })
  contextHash!: string | null;

  @Column('timestamptz', { name: 'issued_at' })
  issuedAt!: Date;

  @Index('challenges_expiry')
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'resend_at' })
  resendAt!: Date;

  @Column('timestamptz', { name: 'consumed_at', nullable: true })
  consumedAt!: Date | null;

  /** Guesses at this code. */
  @Column('smallint', { default: 0 })
  attempts!: number;

  /** Wrong guesses since the last success, over all codes of the window. */
  @Column('integer', { default: 0 })
  failures!: number;

  @Column('timestamptz', { name: 'failures_since', default: () => 'now()' })
  failuresSince!: Date;

  /** Messages in the window. */
  @Column('integer', { default: 1 })
  sends!: number;

  @Column('timestamptz', { name: 'sends_since', default: () => 'now()' })
  sendsSince!: Date;
}
