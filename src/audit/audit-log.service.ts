import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/random.js';
import type { Client } from '../http/client.js';
import { fetchLimit } from '../http/pagination.js';
import { faultOf, type ChainedEntry } from './audit-chain.js';
import { AuditRecordRepository } from './audit-record.repository.js';
import type { AuditAction } from './audit-action.js';
import type { AuditEntry, AuditQuery } from './audit.dto.js';

export interface NewEntry {
  /** The administrator, or null for the command line. */
  actorId: string | null;
  action: AuditAction;
  /** The user that the action changed, or whose data it read. */
  subjectId?: string;
  /** Must not contain personal data, because entries are kept after the account is deleted. */
  details?: Record<string, unknown>;
  client?: Client;
}

export interface ChainReport {
  /** The number of entries before the first broken one, or of all entries. */
  entries: number;
  /** Hash of the last of these entries, in hexadecimal. */
  head: string | null;
  broken: { seq: string; id: string; reason: string } | null;
}

/** A permanent record of what administrators did and whose data they read. */
@Injectable()
export class AuditLog {
  constructor(private readonly entries: AuditRecordRepository) {}

  /**
   * With a manager, the entry is part of its transaction, so an action is never committed without
   * it. It must be the last statement, because other entries wait until the transaction ends.
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
        applicationId: client?.application?.id ?? null,
      },
      manager,
    );
  }

  /** Returns a page, newest first, and, if there are more, the first row of the next page. */
  list(query: AuditQuery): Promise<AuditEntry[]> {
    const { actor: actorId, subject: subjectId, cursor } = query;
    return this.entries.list({ actorId, subjectId }, cursor, fetchLimit(query));
  }

  /** Recomputes the chain of hashes up to the first entry that does not fit. */
  async verify(): Promise<ChainReport> {
    let entries = 0;
    let head: string | null = null;
    let page: ChainedEntry[];
    let last: ChainedEntry | undefined;
    do {
      page = await this.entries.chain(last);
      for (const entry of page) {
        const reason = faultOf(entry, entries, head);
        if (reason) return { entries, head, broken: { seq: entry.seq, id: entry.id, reason } };
        entries++;
        head = entry.hash;
      }
      last = page.at(-1);
    } while (last);
    return { entries, head, broken: null };
  }
}
