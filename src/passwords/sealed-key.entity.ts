import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A key that survives a rotation of `APP_SECRET`. It is created once and sealed again under each
 * new secret.
 */
@Entity('sealed_keys')
export class SealedKey {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'sealed_keys_pkey', collation: 'C' })
  name!: string;

  /** Identifies the `APP_SECRET` that it is sealed under. */
  @Column('text', { name: 'secret_id' })
  secretId!: string;

  @Column('bytea')
  sealed!: Buffer;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;
}
