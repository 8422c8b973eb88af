import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { AuditAction } from '../audit/audit-action.js';
import { AuditLog } from '../audit/audit-log.service.js';
import { newId } from '../common/random.js';
import { Config } from '../config/config.js';
import { MICROS } from '../config/phone-prices.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import { fetchLimit, type PageQuery } from '../http/pagination.js';
import { MONEY } from './budget-keys.js';
import { BANDS, outstandingOf, type Band, type BandedScope, type BandOf } from './budget-rules.js';
import { FraudError } from './budgets.errors.js';
import { FraudReportRepository, type ReportOrder, type ReportRow } from './fraud-report.repository.js';
import {
  FraudRuleRepository,
  type FraudEffect,
  type FraudRule,
  type FraudScope,
} from './fraud-rule.repository.js';
import { FraudRules } from './fraud-rules.js';
import { targetOf, withoutPerson } from './fraud-target.js';
import type {
  FraudEntry,
  FraudReport,
  NumberUsage,
  ProviderUsage,
  ScopeUsage,
  ScopeWindow,
} from './fraud.dto.js';
import { ProviderReportRepository, type ProviderCount } from './provider-report.repository.js';

/** Rows of each list of the report. */
const TOP = 50;
/** Messages that the report on providers reads. */
const NEWEST_MESSAGES = 50_000;
const DAY_MS = 86_400_000;

type NewRule = Partial<Record<FraudScope, string>> & { reason: string; until?: string };

const ACTIONS: Record<FraudEffect, { save: AuditAction; remove: AuditAction }> = {
  block: { save: 'fraud.block', remove: 'fraud.unblock' },
  safe: { save: 'fraud.mark_safe', remove: 'fraud.unmark_safe' },
};

/** What operators see of the budgets, and how they steer them. */
@Injectable()
export class FraudService {
  constructor(
    private readonly reports: FraudReportRepository,
    private readonly providers: ProviderReportRepository,
    private readonly rules: FraudRuleRepository,
    private readonly activeRules: FraudRules,
    private readonly audit: AuditLog,
    private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  async report(caller: Caller, client: Client, order: ReportOrder = 'outstanding'): Promise<FraudReport> {
    const kinds = ['country:', 'prefix:', 'network:', 'app:', 'verdict:'];
    const rows = await this.reports.top([...kinds, `${MONEY}:`], order, TOP);
    const providers = await this.providers.count(NEWEST_MESSAGES);
    const of = (kind: string) => rows.filter(({ key }) => key.startsWith(kind));
    await this.audit.record({ actorId: caller.userId, action: 'fraud.read', client });
    return {
      mode: this.config.fraudMode,
      countries: of('country:').map((row) => numberUsage('country', row)),
      prefixes: of('prefix:').map((row) => numberUsage('prefix', row)),
      networks: of('network:').map((row) =>
        scopeUsage(row.key.endsWith('/48') ? 'wideNetwork' : 'network', row),
      ),
      applications: of('app:').map((row) => ({
        value: valueOf(row),
        sent: row.daySent,
        spent: row.daySpent / MICROS,
      })),
      providers: providers.flatMap(providerUsage),
      providersSince: countedSince(providers),
      spend: this.spend(of(MONEY)[0]),
      refusals: of('verdict:').map(refusalCount),
    };
  }

  /** Returns a page and, if there are more, the first row of the next page. */
  async list(effect: FraudEffect, query: PageQuery): Promise<FraudEntry[]> {
    return (await this.rules.list(effect, query.cursor, fetchLimit(query))).map(entryOf);
  }

  /** A second entry for the same value replaces the first one. Acts everywhere within seconds. */
  async save(caller: Caller, effect: FraudEffect, body: NewRule, client: Client): Promise<FraudEntry> {
    const target = targetOf(body);
    const until = body.until === undefined ? null : new Date(body.until);
    const { reason } = body;
    const rule = await this.dataSource.transaction(async (manager) => {
      const values = { id: newId(), effect, ...target, reason, createdBy: caller.userId, until };
      const saved = await this.rules.save(values, manager);
      if (saved === 'past')
        throw CommonError.validation([{ field: 'until', detail: 'until must be in the future.' }]);
      if (!saved) throw FraudError.tooManyRules();
      const details = { ...auditDetails(saved), until };
      await this.audit.record(
        { actorId: caller.userId, action: ACTIONS[effect].save, details, client },
        manager,
      );
      return saved;
    });
    await this.activeRules.refresh();
    return entryOf(rule);
  }

  async remove(caller: Caller, effect: FraudEffect, id: string, client: Client): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const removed = await this.rules.remove(id, effect, manager);
      if (!removed) throw FraudError.ruleNotFound();
      const details = auditDetails(removed);
      await this.audit.record(
        { actorId: caller.userId, action: ACTIONS[effect].remove, details, client },
        manager,
      );
    });
    await this.activeRules.refresh();
  }

  private spend(money?: ReportRow): FraudReport['spend'] {
    const { PHONE_SPEND_PER_HOUR: perHour = null, PHONE_SPEND_PER_DAY: perDay = null } = this.config;
    return {
      hour: { messages: money?.hourSent ?? 0, spent: (money?.hourSpent ?? 0) / MICROS, limit: perHour },
      day: { messages: money?.daySent ?? 0, spent: (money?.daySpent ?? 0) / MICROS, limit: perDay },
    };
  }
}

/** The part of a key after its kind. */
const valueOf = ({ key }: ReportRow) => key.slice(key.indexOf(':') + 1);

/** The last day, unless it has more messages than are read. */
function countedSince(counts: ProviderCount[]): Date {
  const messages = counts.reduce((sum, count) => sum + count.messages, 0);
  if (messages < NEWEST_MESSAGES) return new Date(Date.now() - DAY_MS);
  return new Date(Math.min(...counts.map(({ since }) => since.getTime())));
}

/** Empty for a provider that has not accepted a message. */
function providerUsage(count: ProviderCount): ProviderUsage[] {
  const { provider, channel, sent, delivered, codes, verified, spent } = count;
  if (provider === null || sent === 0) return [];
  return [{ provider, channel, sent, delivered, codes, verified, spent: spent / MICROS }];
}

function numberUsage(scope: 'country' | 'prefix', row: ReportRow): NumberUsage {
  return { ...scopeUsage(scope, row), spent: row.daySpent / MICROS };
}

function scopeUsage(scope: BandedScope, row: ReportRow): ScopeUsage {
  const { hour, day }: { hour: BandOf; day?: BandOf } = BANDS[scope];
  return {
    value: valueOf(row),
    hour: scopeWindow(row.hourSent, row.hourVerified, hour(row.hourVerified, row.dayVerified)),
    day: scopeWindow(row.daySent, row.dayVerified, day?.(row.dayVerified, row.dayVerified)),
  };
}

function scopeWindow(sent: number, verified: number, band?: Band): ScopeWindow {
  const outstanding = outstandingOf(sent, verified);
  return { sent, verified, outstanding, free: band?.free ?? null, limit: band?.refused ?? null };
}

function refusalCount(row: ReportRow): FraudReport['refusals'][number] {
  const [verdict = '', scope = '', country = ''] = valueOf(row).split(':');
  return { verdict, scope, country, hour: row.hourSent, day: row.daySent };
}

function entryOf({ id, scope, value, reason, createdAt, until }: FraudRule): FraudEntry {
  return { id, scope, value, reason, createdAt, until };
}

function auditDetails({ id, scope, value }: FraudRule): Record<string, unknown> {
  return { entry: id, scope, value: withoutPerson(scope, value) };
}
