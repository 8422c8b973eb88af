import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Wrong passwords of one window, for an account or from a network. */
@Entity('password_guesses')
export class PasswordGuess {
  /** `email:ada@example.com`, `ip:192.0.2.1`: of known and unknown addresses alike. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'password_guesses_pkey', collation: 'C' })
  who!: string;

  /** Keeps strangers' guesses from locking out a device that the owner has used before. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'password_guesses_pkey', collation: 'C', default: '' })
  lane!: string;

  @Column('integer', { default: 1 })
  failures!: number;

  /** When the window began. */
  @Index('password_guesses_since')
  @Column('timestamptz', { default: () => 'now()' })
  since!: Date;
}
