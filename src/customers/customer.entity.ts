import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A contact record that belongs to the user who made it. */
@Entity('customers')
@Index('customers_owner', ['ownerId', 'id'])
export class Customer {
  /** UUID v7: the order of the ids is that of creation. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'customers_pkey' })
  id!: string;

  /** Only ever compared with the caller, never read, so that no answer can show it. */
  @ForeignKey('User', { name: 'customers_owner_fkey', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'owner_id', select: false })
  ownerId!: string;

  @Column('text', { nullable: true })
  name!: string | null;

  @Column('text', { nullable: true })
  contact!: string | null;

  @Column('text')
  address!: string;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' })
  updatedAt!: Date;
}
