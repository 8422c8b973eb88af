import { Module } from '@nestjs/common';
import { AccountEventsModule } from '../account-events/account-events.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { BudgetsModule } from '../budgets/budgets.module.js';
import { NotifierModule } from '../notifier/notifier.module.js';
import { OtpModule } from '../otp/otp.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { AccountClosure } from './account-closure.service.js';
import { AccountErasureRepository } from './account-erasure.repository.js';
import { AccountErasure } from './account-erasure.service.js';
import { AddressHistoryRepository } from './address-history.repository.js';
import { ContactChangeRepository } from './contact-change.repository.js';
import { ContactsService } from './contacts.service.js';
import { MeController } from './me.controller.js';
import { ProfileService } from './profile.service.js';
import { RoleNotices } from './role-notices.service.js';
import { TestAccounts } from './test-accounts.js';
import { UserAdminService } from './user-admin.service.js';
import { UndoLinks } from './undo-links.service.js';
import { UndoController } from './undo.controller.js';
import { UserRepository } from './user.repository.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [
    AccountEventsModule,
    AuditModule,
    BudgetsModule,
    NotifierModule,
    OtpModule,
    PasswordsModule,
    SessionsModule,
  ],
  // MeController comes before UsersController, so that `users/me` does not match `users/:id`.
  controllers: [MeController, UndoController, UsersController],
  providers: [
    UsersService,
    ProfileService,
    ContactsService,
    AccountClosure,
    AccountErasure,
    UserAdminService,
    RoleNotices,
    UndoLinks,
    UserRepository,
    TestAccounts,
    ContactChangeRepository,
    AddressHistoryRepository,
    AccountErasureRepository,
  ],
  exports: [UsersService, ContactsService, AccountClosure, UserAdminService, UndoLinks],
})
export class UsersModule {}
