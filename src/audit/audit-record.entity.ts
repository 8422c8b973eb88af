import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * One action of an administrator. Database triggers refuse to change or delete a row, and set the
 * columns of the chain, which only `audit:verify` reads.
 */
@Entity('audit_entries')
@Index('audit_entries_seq', ['seq'], { unique: true })
@Index('audit_entries_actor', ['actorId', 'id'])
@Index('audit_entries_subject', ['subjectId', 'id'])
export class AuditRecord {
  @Column('bigint', { select: false })
  seq!: string;

  /** UUID v7, so that ids are in the order of the actions. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'audit_entries_pkey' })
  id!: string;

  /** The administrator, or null for the command line. */
  @Column('uuid', { name: 'actor_id', nullable: true })
  actorId!: string | null;

  @Column('text')
  action!: string;

  @Column('uuid', { name: 'subject_id', nullable: true })
  subjectId!: string | null;

  @Column('jsonb', { default: {} })
  details!: Record<string, unknown>;

  @Column('text', { nullable: true })
  ip!: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent!: string | null;

  /** The application that the request came from. */
  @Column('text', { name: 'application_id', nullable: true })
  applicationId!: string | null;

  @Column('timestamptz', { default: () => 'now()' })
  at!: Date;

  @Column('bytea', { name: 'previous_hash', nullable: true, select: false })
  previousHash!: Buffer | null;

  @Column('bytea', { select: false })
  hash!: Buffer;
}
