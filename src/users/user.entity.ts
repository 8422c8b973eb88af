import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('users')
@Check('users_reachable', 'email is not null or phone is not null')
@Index('users_email', ['email'], { unique: true })
@Index('users_phone', ['phone'])
@Index('users_proved_phone', ['phone'], { unique: true, where: 'phone_verified_at is not null' })
export class User {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'users_pkey' })
  id!: string;

  /** Always proved: until then it is a registration's. */
  @Column({ type: 'text', collation: 'C', nullable: true })
  email!: string | null;

  /** Claimed at registration, proved by its first code. */
  @Column({ type: 'text', collation: 'C', nullable: true })
  phone!: string | null;

  @Column('timestamptz', { name: 'phone_verified_at', nullable: true })
  phoneVerifiedAt!: Date | null;

  @Column('text', { nullable: true })
  username!: string | null;

  @Column('text', { name: 'first_name', nullable: true })
  firstName!: string | null;

  @Column('text', { name: 'last_name', nullable: true })
  lastName!: string | null;

  @Column('text', { name: 'password_hash', nullable: true })
  passwordHash!: string | null;

  @Column('text', { array: true, default: '{user}' })
  roles!: string[];

  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt!: Date | null;

  @Column('integer', { default: 0 })
  stamp!: number;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' })
  updatedAt!: Date;
}
