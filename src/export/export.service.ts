import { Injectable } from '@nestjs/common';
import { AccountEvents } from '../account-events/account-events.service.js';
import { AuditLog } from '../audit/audit-log.service.js';
import type { Recipient } from '../common/recipient.js';
import { CustomersService } from '../customers/customers.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import { MessageHistory, type MessageSummary } from '../notifier/outbox/message-history.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { provedAddresses, type Account } from '../users/account.js';
import { ContactsService } from '../users/contacts.service.js';
import { profileOf } from '../users/users.dto.js';
import { UsersService } from '../users/users.service.js';

const PAGE_SIZE = 100;

/** An address of the person. Messages after `until` may be about somebody else. */
interface OwnAddress {
  recipient: Recipient;
  until?: Date;
}

/**
 * Writes everything about a person as JSON. Rows are read in pages while the client reads, so an
 * export of any size needs little memory and holds no connection to the database.
 */
@Injectable()
export class ExportService {
  constructor(
    private readonly users: UsersService,
    private readonly contacts: ContactsService,
    private readonly sessions: SessionsService,
    private readonly events: AccountEvents,
    private readonly customers: CustomersService,
    private readonly messages: MessageHistory,
    private readonly audit: AuditLog,
  ) {}

  /** Needs a recent sign-in. */
  async write(caller: Caller, client: Client): Promise<AsyncGenerator<string>> {
    if (!caller.recentlyAuthenticated) throw CommonError.reauthenticate();
    const account = await this.users.getCaller(caller);
    await this.events.record({ userId: account.id, action: 'export', succeeded: true, client });
    return toJson(
      { ...profileOf(account), phoneVerifiedAt: account.phoneVerifiedAt },
      this.sections(account),
    );
  }

  private sections(account: Account): Record<string, () => AsyncIterable<object>> {
    const { id } = account;
    const query = (cursor?: string) => ({ limit: String(PAGE_SIZE), cursor });
    return {
      addressHistory: () => this.pastAddresses(id),
      contactChanges: () => inPages((after) => this.contacts.listChanges(id, after, PAGE_SIZE)),
      sessions: () => inPages((after) => this.sessions.history(id, after, PAGE_SIZE)),
      devices: () => inPages((after) => this.sessions.listDevices(id, after, PAGE_SIZE)),
      events: () => inPages((after) => this.events.list(id, query(after))),
      customers: () => inPages((after) => this.customers.list(id, query(after))),
      messages: () => this.messagesOf(account),
      suppressions: () => this.suppressionsOf(account),
      administration: () => this.actsOfAdministrators(id),
    };
  }

  private async *pastAddresses(id: string): AsyncGenerator<object> {
    yield* await this.contacts.addressHistory(id);
  }

  private async *messagesOf(account: Account): AsyncGenerator<MessageSummary> {
    for (const { recipient, until } of await this.addressesOf(account))
      for await (const message of inPages((after) => this.messages.page(recipient, after, PAGE_SIZE)))
        if (until === undefined || message.createdAt <= until) yield message;
  }

  private async *suppressionsOf(account: Account): AsyncGenerator<object> {
    for (const recipient of provedAddresses(account)) {
      const suppression = await this.messages.suppressionOf(recipient);
      if (suppression) yield { recipient, ...suppression };
    }
  }

  /** Without the person of the administrator. */
  private async *actsOfAdministrators(subject: string): AsyncGenerator<object> {
    const acts = inPages((cursor) => this.audit.list({ subject, cursor, limit: String(PAGE_SIZE) }));
    for await (const { id, at, action, details } of acts) yield { id, at, action, details };
  }

  /** The proved addresses: those of today, and those that the account had before. */
  private async addressesOf(account: Account): Promise<OwnAddress[]> {
    const own = provedAddresses(account);
    const past = await this.contacts.addressHistory(account.id);
    const former = past.filter(({ recipient, proved }) => proved && !own.includes(recipient));
    return [
      ...own.map((recipient) => ({ recipient })),
      ...former.map(({ recipient, lastAt: until }) => ({ recipient, until })),
    ];
  }
}

/** All rows of a list that is read in pages. A page may have one row more than its size. */
async function* inPages<Row extends { id: string }>(
  read: (after?: string) => Promise<Row[]>,
): AsyncGenerator<Row> {
  for (let after: string | undefined; ;) {
    const rows = await read(after);
    yield* rows;
    if (rows.length < PAGE_SIZE) return;
    after = rows.at(-1)?.id;
  }
}

async function* toJson(
  profile: object,
  sections: Record<string, () => AsyncIterable<object>>,
): AsyncGenerator<string> {
  yield `{"profile":${JSON.stringify(profile)}`;
  for (const [name, rows] of Object.entries(sections)) {
    yield `,"${name}":[`;
    let separator = '';
    for await (const row of rows()) {
      yield separator + JSON.stringify(row);
      separator = ',';
    }
    yield ']';
  }
  yield '}\n';
}
