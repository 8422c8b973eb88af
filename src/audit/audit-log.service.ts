import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/random.js';
import type { Client } from '../http/client.js';
import { fetchLimit } from '../http/pagination.js';
import { AuditRecordRepository } from './audit-record.repository.js';
import type { AuditAction } from './audit-action.js';
import type { AuditEntry, AuditQuery } from './audit.dto.js';

export interface NewEntry {
  /** The administrator, or null for the command line. */
  actorId: string | null;
  action: AuditAction;
  /** The user that the action changed. */
  subjectId?: string;
  /** Must not contain personal data, because entries are kept after the account is deleted. */
  details?: Record<string, unknown>;
  client?: Client;
}

/** A permanent record of what administrators did. */
@Injectable()
export class AuditLog {
  constructor(private readonly entries: AuditRecordRepository) {}

  /**
   * With a manager, the entry is part of its transaction, so an action is never committed without
   * it.
   */
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

  /** Returns a page, newest first, and, if there are more, the first row of the next page. */
  list(query: AuditQuery): Promise<AuditEntry[]> {
    const { actor: actorId, subject: subjectId, cursor } = query;
    return this.entries.list({ actorId, subjectId }, cursor, fetchLimit(query));
  }
}
