import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One action of an administrator. A database trigger refuses to change or delete a row. */
@Entity('audit_entries')
@Index('audit_entries_actor', ['actorId', 'id'])
@Index('audit_entries_subject', ['subjectId', 'id'])
export class AuditRecord {
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

  @Column('timestamptz', { default: () => 'now()' })
  at!: Date;
}
