import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key that must outlive a rotation of `APP_SECRET`: made once, and sealed anew under each secret. */
@Entity('sealed_keys')
export class SealedKey {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'sealed_keys_pkey', collation: 'C' })
  name!: string;

  /** Names the `APP_SECRET` that it is sealed under. */
  @Column('text', { name: 'secret_id' })
  secretId!: string;

  @Column('bytea')
  sealed!: Buffer;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;
}
