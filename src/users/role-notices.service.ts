import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Locale } from '../common/locale.js';
import { maskedAddress, type Recipient } from '../common/recipient.js';
import type { Role } from '../http/access.js';
import { Notifier, type MessageContent } from '../notifier/notifier.js';
import { noticeRecipient, type Account } from './account.js';
import { UserRepository } from './user.repository.js';

type Subject = Pick<Account, 'id' | 'email' | 'phone'>;

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
    locale?: Locale,
  ): Promise<void> {
    const roles = rolesOf(account);
    if (roles.toSorted().join() === formerRoles.toSorted().join()) return;
    if (account.email) {
      const content = { locale, whose: 'own' as const, roles: roles.join(', ') };
      await this.send(manager, account.email, content);
    }
    await this.tellAdministrators(manager, account, locale);
  }

  /** Tells all other administrators which roles a user has now. */
  tellAdministrators(manager: EntityManager, account: Account, locale?: Locale): Promise<void> {
    const roles = rolesOf(account).join(', ');
    return this.sendToOthers(manager, account, { locale, whose: 'other', roles });
  }

  /** Tells the administrators that one of them was deleted. */
  tellOfDeletion(manager: EntityManager, deleted: Subject, locale?: Locale): Promise<void> {
    return this.sendToOthers(manager, deleted, { locale, whose: 'deleted' });
  }

  private async sendToOthers(
    manager: EntityManager,
    subject: Subject,
    content: MessageContent,
  ): Promise<void> {
    const to = maskedAddress(noticeRecipient(subject));
    for (const email of await this.users.administratorEmails(manager, subject.id))
      await this.send(manager, email, { ...content, to });
  }

  private send(manager: EntityManager, email: string, content: MessageContent): Promise<void> {
    const recipient: Recipient = `email:${email}`;
    return this.notifier.notify({ recipient, template: 'roles_changed', content }, manager);
  }
}

function rolesOf({ invitedRoles, roles }: Account): Role[] {
  return invitedRoles ?? roles;
}
