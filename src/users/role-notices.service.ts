import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { maskedAddress, type Recipient } from '../common/recipient.js';
import type { Role } from '../http/access.js';
import type { Client } from '../http/client.js';
import { Notifier, type MessageContent } from '../notifier/notifier.js';
import { noticeRecipient, type Account } from './account.js';
import { UserRepository } from './user.repository.js';

type Subject = Pick<Account, 'id' | 'email' | 'phone'>;
/** Whose request changes the roles; null: the command line. */
type Requester = Pick<Client, 'application' | 'locale'> | null;

/** Mails people about changed roles, in the transaction of the change. */
@Injectable()
export class RoleNotices {
  constructor(
    private readonly users: UserRepository,
    private readonly notifier: Notifier,
  ) {}

  /** Tells the user and all other administrators, if the roles differ from the former ones. */
  async tellOfChange(
    manager: EntityManager,
    account: Account,
    formerRoles: Role[],
    client: Requester,
  ): Promise<void> {
    const roles = rolesOf(account);
    if (roles.toSorted().join() === formerRoles.toSorted().join()) return;
    if (account.email) {
      const content = { whose: 'own' as const, roles: roles.join(', ') };
      await this.send(manager, account.email, client, content);
    }
    await this.tellAdministrators(manager, account, client);
  }

  /** Tells all other administrators which roles a user has now. */
  tellAdministrators(manager: EntityManager, account: Account, client: Requester): Promise<void> {
    const roles = rolesOf(account).join(', ');
    return this.sendToOthers(manager, account, client, { whose: 'other', roles });
  }

  /** Tells the administrators that one of them was deleted. */
  tellOfDeletion(manager: EntityManager, deleted: Subject, client: Requester): Promise<void> {
    return this.sendToOthers(manager, deleted, client, { whose: 'deleted' });
  }

  private async sendToOthers(
    manager: EntityManager,
    subject: Subject,
    client: Requester,
    content: MessageContent,
  ): Promise<void> {
    const to = maskedAddress(noticeRecipient(subject));
    for (const email of await this.users.administratorEmails(manager, subject.id))
      await this.send(manager, email, client, { ...content, to });
  }

  private send(
    manager: EntityManager,
    email: string,
    client: Requester,
    content: MessageContent,
  ): Promise<void> {
    const recipient: Recipient = `email:${email}`;
    const notice = { template: 'roles_changed', content: { locale: client?.locale, ...content }, client };
    return this.notifier.notify({ recipient, ...notice }, manager);
  }
}

function rolesOf({ invitedRoles, roles }: Account): Role[] {
  return invitedRoles ?? roles;
}
