import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository, type EntityManager } from 'typeorm';
import { AuditRecord } from './audit-record.entity.js';

const ADD = `
  insert into audit_entries (id, actor_id, action, subject_id, details, ip, user_agent)
  values ($1::uuid, $2::uuid, $3::text, $4::uuid, $5::jsonb, $6::text, $7::text)`;

@Injectable()
export class AuditRecordRepository {
  constructor(@InjectRepository(AuditRecord) private readonly entries: Repository<AuditRecord>) {}

  async add(entry: Omit<AuditRecord, 'at'>, manager: EntityManager = this.entries.manager): Promise<void> {
    const { id, actorId, action, subjectId, details, ip, userAgent } = entry;
    await manager.query(ADD, [id, actorId, action, subjectId, JSON.stringify(details), ip, userAgent]);
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
}
