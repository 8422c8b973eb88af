import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A browser or an app that a user signed in with; its token lets us recognise it, and lets nobody in. */
@Entity('devices')
export class Device {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'devices_pkey' })
  id!: string;

  @ForeignKey('User', { name: 'devices_user_fkey', onDelete: 'CASCADE' })
  @Index('devices_user')
  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('bytea', { name: 'token_hash' })
  tokenHash!: Buffer;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent!: string | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Index('devices_last_used')
  @Column('timestamptz', { name: 'last_used_at', default: () => 'now()' })
  lastUsedAt!: Date;
}
