import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditLog, type NewEntry } from '../audit/audit-log.service.js';
import { sha256 } from '../common/digest.js';
import { coversHost } from '../common/origin.js';
import { Config } from '../config/config.js';
import { isPlainHttp } from '../config/safety.js';
import type { Caller } from '../http/access.js';
import type { ApplicationLimits, Client } from '../http/client.js';
import { fetchLimit } from '../http/pagination.js';
import { newApplicationId, newSecret } from './application-credentials.js';
import { ApplicationDirectory } from './application-directory.js';
import { ApplicationRepository } from './application.repository.js';
import type {
  Application,
  ApplicationQuery,
  ApplicationWithSecret,
  ChangedApplication,
  NewApplication,
} from './applications.dto.js';
import { ApplicationError } from './applications.errors.js';

const DEFAULT_LIMITS: ApplicationLimits = { messagesPerMinute: 600, messagesPerDay: null, spendPerDay: null };

/** Who acts. Without a caller it is the command line. */
export interface Actor {
  caller?: Caller;
  client?: Client;
}

/** Creates and changes applications. Each change and its audit entry are committed together. */
@Injectable()
export class ApplicationsService {
  constructor(
    private readonly applications: ApplicationRepository,
    private readonly directory: ApplicationDirectory,
    private readonly audit: AuditLog,
    private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  list(query: ApplicationQuery): Promise<Application[]> {
    return this.applications.list(query.cursor, fetchLimit(query));
  }

  async get(id: string): Promise<Application> {
    const application = await this.applications.find(id);
    if (!application) throw ApplicationError.notFound();
    return application;
  }

  /** Only this reply has the secret. */
  async create(fields: NewApplication, actor: Actor): Promise<ApplicationWithSecret> {
    const { name, kind, purposes = null, channels = null, countries = null, origins = [] } = fields;
    const { audience = null, brandName = null, smsHost = null } = fields;
    if (kind === 'server' && origins.length > 0) throw ApplicationError.hasNoOrigins();
    this.assertEncrypted(origins);
    assertSmsHost({ smsHost, origins });
    const limits = { ...DEFAULT_LIMITS, ...fields.limits };
    const secret = kind === 'server' ? newSecret() : undefined;
    const secretHash = secret === undefined ? null : sha256(secret);
    const id = newApplicationId();
    const row = {
      id,
      name,
      kind,
      secretHash,
      purposes,
      channels,
      countries,
      origins,
      audience,
      brandName,
      smsHost,
      limits,
    };
    const created = await this.dataSource.transaction(async (manager) => {
      const application = await this.applications.add(manager, row);
      const details = { application: id, name, kind };
      await this.audit.record(entryOf(actor, { action: 'application.create', details }), manager);
      return application;
    });
    this.directory.forget(id);
    return { ...created, ...(secret !== undefined && { secret }) };
  }

  async change(id: string, { disabled, ...change }: ChangedApplication, actor: Actor): Promise<Application> {
    const isEmpty = Object.values({ disabled, ...change }).every((value) => value === undefined);
    if (isEmpty) throw ApplicationError.nothingToChange();
    this.assertEncrypted(change.origins ?? []);
    const changed = await this.dataSource.transaction(async (manager) => {
      const application = await this.applications.change(manager, id, change, disabled);
      if (!application) return null;
      // Of the whole row, which stays locked: another request may have changed the other field.
      assertSmsHost(application);
      const details = { application: id, ...change, ...(disabled !== undefined && { disabled }) };
      await this.audit.record(entryOf(actor, { action: 'application.update', details }), manager);
      return application;
    });
    this.directory.forget(id);
    if (changed) return changed;
    await this.get(id);
    throw ApplicationError.hasNoOrigins();
  }

  /** The secret until now is accepted for 24 more hours, unless it is revoked. */
  async replaceSecret(id: string, revokePrevious: boolean, actor: Actor): Promise<ApplicationWithSecret> {
    const secret = newSecret();
    const rotated = await this.dataSource.transaction(async (manager) => {
      const application = await this.applications.rotate(manager, id, {
        secretHash: sha256(secret),
        revokePrevious,
      });
      if (!application) return null;
      const details = { application: id, revokePrevious };
      await this.audit.record(entryOf(actor, { action: 'application.new_secret', details }), manager);
      return application;
    });
    this.directory.forget(id);
    if (rotated) return { ...rotated, secret };
    await this.get(id);
    throw ApplicationError.hasNoSecret();
  }

  async remove(id: string, actor: Actor): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      if (!(await this.applications.remove(manager, id))) throw ApplicationError.notFound();
      const details = { application: id };
      await this.audit.record(entryOf(actor, { action: 'application.delete', details }), manager);
    });
    this.directory.forget(id);
  }

  /** The same rule as for `CORS_ORIGINS`. */
  private assertEncrypted(origins: string[]): void {
    if (this.config.production && origins.some((origin) => origin.startsWith('http:') && isPlainHttp(origin)))
      throw ApplicationError.originNotEncrypted();
  }
}

/** A host that no page of the application has would be a typing error. Throwing undoes the change. */
function assertSmsHost({ smsHost, origins }: Pick<Application, 'smsHost' | 'origins'>): void {
  if (smsHost !== null && !origins.some((origin) => coversHost(origin, smsHost)))
    throw ApplicationError.smsHostNotCovered();
}

function entryOf({ caller, client }: Actor, entry: Pick<NewEntry, 'action' | 'details'>): NewEntry {
  return { actorId: caller?.userId ?? null, client, ...entry };
}
