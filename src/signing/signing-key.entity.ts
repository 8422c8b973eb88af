import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Public key (RFC 7518, section 6.2.1). */
export type EcPublicJwk = Record<'kty' | 'crv' | 'x' | 'y', string>;

/** A key pair that signs tokens for one period. */
@Entity('signing_keys')
export class SigningKey {
  /** Number of the period since 1970. It is the same for all processes. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'signing_keys_pkey' })
  period!: number;

  /** Identifies the `APP_SECRET` that the private key is sealed under. */
  @PrimaryColumn('text', { name: 'secret_id', primaryKeyConstraintName: 'signing_keys_pkey', collation: 'C' })
  secretId!: string;

  @Column('text')
  kid!: string;

  @Column('jsonb', { name: 'public_jwk' })
  publicJwk!: EcPublicJwk;

  @Column('bytea', { name: 'private_sealed' })
  privateSealed!: Buffer;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;
}
