import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/random.js';
import type { Client } from '../http/client.js';
import { fetchLimit } from '../http/pagination.js';
import { AuditRecordRepository } from './audit-record.repository.js';
import type { AuditEntry, AuditQuery } from './audit.dto.js';

export interface NewEntry {
  /** The administrator; null for the command line. */
  actorId: string | null;
  action: string;
  /** What it was done to. */
  subjectId?: string;
  /** No personal data: an entry outlives the account it tells of. */
  details?: Record<string, unknown>;
  client?: Client;
}

/** What administrators did, for good. */
@Injectable()
export class AuditLog {
  constructor(private readonly entries: AuditRecordRepository) {}

  /** With a manager it is part of that transaction: what was done and its record stand or fall together. */
  async record(
    { actorId, action, subjectId, details = {}, client }: NewEntry,
    manager?: EntityManager,
  ): Promise<void> {
    await this.entries.add(
      {
        id: newId(),
        actorId,
        action,
        subjectId: subjectId ?? null,
        details,
        ip: client?.ip ?? null,
        userAgent: client?.userAgent ?? null,
      },
      manager,
    );
  }

  /** A page, the newest first, and, when there are more, one of the next. */
  list(query: AuditQuery): Promise<AuditEntry[]> {
    const { actor: actorId, subject: subjectId, cursor } = query;
    return this.entries.list({ actorId, subjectId }, cursor, fetchLimit(query));
  }
}
