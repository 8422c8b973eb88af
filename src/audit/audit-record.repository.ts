import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository, type EntityManager } from 'typeorm';
import type { ChainedEntry } from './audit-chain.js';
import { AuditRecord } from './audit-record.entity.js';

type NewRecord = Omit<AuditRecord, 'at' | 'seq' | 'previousHash' | 'hash'>;

const ADD = `
  insert into audit_entries (id, actor_id, action, subject_id, details, ip, user_agent, application_id)
  values ($1::uuid, $2::uuid, $3::text, $4::uuid, $5::jsonb, $6::text, $7::text, $8::text)`;

/** The columns have the order and the texts of the trigger `audit_chain`. */
const CHAIN = `
  select seq::text, id, encode(previous_hash, 'hex') as "previousHash", encode(hash, 'hex') as hash,
    array[seq::text, id::text, actor_id::text, action, subject_id::text, details::text, ip, user_agent, application_id,
      to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), encode(previous_hash, 'hex')] as columns
  from audit_entries where $1::bigint is null or (seq, id) > ($1, $2::uuid) order by audit_entries.seq, id limit 1000`;

@Injectable()
export class AuditRecordRepository {
  constructor(@InjectRepository(AuditRecord) private readonly entries: Repository<AuditRecord>) {}

  async add(entry: NewRecord, manager: EntityManager = this.entries.manager): Promise<void> {
    const { id, actorId, action, subjectId, details, ip, userAgent, applicationId } = entry;
    const values = [id, actorId, action, subjectId, JSON.stringify(details), ip, userAgent, applicationId];
    await manager.query(ADD, values);
  }

  /** Newest first. */
  list(
    { actorId, subjectId }: { actorId?: string; subjectId?: string },
    before: string | undefined,
    count: number,
  ): Promise<AuditRecord[]> {
    return this.entries.find({
      where: {
        ...(actorId && { actorId }),
        ...(subjectId && { subjectId }),
        ...(before && { id: LessThan(before) }),
      },
      order: { id: 'DESC' },
      take: count,
    });
  }

  /** The next part of the chain, from its beginning or after an entry. */
  chain(after?: ChainedEntry): Promise<ChainedEntry[]> {
    return this.entries.query<ChainedEntry[]>(CHAIN, [after?.seq ?? null, after?.id ?? null]);
  }
}
