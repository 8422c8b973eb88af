import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Device } from './device.entity.js';

/** One sign-in: what a refresh token renews and an access token names, until it ends. */
@Entity('sessions')
export class Session {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'sessions_pkey' })
  id!: string;

  @ForeignKey('User', { name: 'sessions_user_fkey', onDelete: 'CASCADE' })
  @Index('sessions_user')
  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @ForeignKey(() => Device, { name: 'sessions_device_fkey', onDelete: 'SET NULL' })
  @Index('sessions_device')
  @Column('uuid', { name: 'device_id', nullable: true })
  deviceId!: string | null;

  /** SHA-256 of the refresh token that is good now. */
  @Column('bytea', { name: 'refresh_hash' })
  refreshHash!: Buffer;

  /** Of the one before it, which is good for a moment longer. */
  @Column('bytea', { name: 'previous_hash', nullable: true })
  previousHash!: Buffer | null;

  /** How the user signed in (RFC 8176). */
  @Column('text', { array: true })
  amr!: string[];

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent!: string | null;

  @Column('text', { nullable: true })
  ip!: string | null;

  @Column('timestamptz', { name: 'authenticated_at', default: () => 'now()' })
  authenticatedAt!: Date;

  @Column('timestamptz', { name: 'rotated_at', nullable: true })
  rotatedAt!: Date | null;

  @Column('timestamptz', { name: 'last_used_at', default: () => 'now()' })
  lastUsedAt!: Date;

  /** The end at the latest, whatever is refreshed; an earlier end moves it forward. */
  @Index('sessions_expiry')
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;

  @Column('text', { name: 'end_reason', nullable: true })
  endReason!: string | null;
}
