import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What somebody gave for an address that nobody has proved yet. */
@Entity('registrations')
export class Registration {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registrations_pkey', collation: 'C' })
  email!: string;

  @Column('text', { name: 'password_hash', nullable: true })
  passwordHash!: string | null;

  @Column('text', { nullable: true })
  username!: string | null;

  @Column('text', { name: 'first_name', nullable: true })
  firstName!: string | null;

  @Column('text', { name: 'last_name', nullable: true })
  lastName!: string | null;

  @Column('text', { nullable: true })
  phone!: string | null;

  /** Two gave different data while a code lived: nothing of it is kept. */
  @Column('boolean', { default: false })
  contested!: boolean;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  /** Not before the newest code of the address ends. */
  @Index('registrations_expiry')
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
