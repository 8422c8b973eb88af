import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { User } from './user.entity.js';

/** A changed address that its former owner can take back. */
@Entity('contact_changes')
export class ContactChange {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'contact_changes_pkey' })
  id!: string;

  @Index('contact_changes_user')
  @ForeignKey(() => User, { name: 'contact_changes_user_fkey', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId!: string;

  /** email or phone */
  @Column('text')
  field!: string;

  @Column('text', { name: 'old_address', nullable: true })
  oldAddress!: string | null;

  /** SHA-256 of the link's token. */
  @Index('contact_changes_token', { unique: true })
  @Column('bytea', { name: 'token_hash' })
  tokenHash!: Buffer;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Index('contact_changes_expiry')
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
