import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AccountEvent } from '../account-events/account-events.dto.js';
import { CurrentCaller, Roles, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { ADMIN_BODY_PROBLEMS, ADMIN_PROBLEMS, ADMIN_READ_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { IdParam } from '../http/id-param.js';
import { INVALID_LIMIT, ApiPage, PageQuery, paginate } from '../http/pagination.js';
import { Config } from '../config/config.js';
import { AddressError } from '../otp/otp.errors.js';
import type { Account } from './account.js';
import { UserAdminService } from './user-admin.service.js';
import { InviteUser, ManagedUser, profileOf, UpdateUser, UserQuery } from './users.dto.js';
import { UserError } from './users.errors.js';

const UserId = () => IdParam('id', 'The `id` from a reply of `/users`.', UserError.notFound);

@ApiTags('Administration')
@ApiBearerAuth()
@Roles('admin')
@Controller('users')
export class UsersController {
  constructor(
    private readonly admin: UserAdminService,
    private readonly config: Config,
  ) {}

  /**
   * List and search users
   *
   * @remarks Oldest first. `search` is the beginning of an e-mail address or phone number. The
   * audit log records the search, masked.
   */
  @Get()
  @ApiPage(ManagedUser)
  @ApiProblems(INVALID_LIMIT, ...ADMIN_READ_PROBLEMS)
  async listUsers(
    @CurrentCaller() caller: Caller,
    @Query() query: UserQuery,
    @CurrentClient() client: Client,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ManagedUser[]> {
    const accounts = await this.admin.list(caller, query, client);
    return paginate(accounts, query, `${this.config.publicUrl}/users`, reply).map(managedUserOf);
  }

  /**
   * Invite a user
   *
   * @remarks Creates the user and mails a link, which is valid for 72 hours and used once: with
   * its token, `PATCH /auth/reset` sets the first password. The roles apply from then on. After 72
   * hours the user can still sign in with a code. Needs a sign-in within ten minutes.
   */
  @Post()
  @ApiBody({
    type: InviteUser,
    examples: {
      user: { summary: 'A user', value: { email: 'mary@example.com', roles: ['user'] } },
      admin: {
        summary: 'An administrator',
        value: { email: 'dorothy@example.com', roles: ['user', 'admin'] },
      },
    },
  })
  @ApiProblems(UserError.addressTaken(), AddressError.email('email'), ...ADMIN_BODY_PROBLEMS)
  async inviteUser(
    @CurrentCaller() caller: Caller,
    @Body() body: InviteUser,
    @CurrentClient() client: Client,
  ): Promise<ManagedUser> {
    return managedUserOf(await this.admin.invite(caller, body, client));
  }

  /**
   * Get a user
   *
   * @remarks The audit log records it.
   */
  @Get(':id')
  @ApiProblems(UserError.notFound(), ...ADMIN_READ_PROBLEMS)
  async getUser(
    @CurrentCaller() caller: Caller,
    @UserId() id: string,
    @CurrentClient() client: Client,
  ): Promise<ManagedUser> {
    return managedUserOf(await this.admin.get(caller, id, client));
  }

  /**
   * List the events of a user
   *
   * @remarks Sign-ins, including refused ones, and changes. Newest first. The audit log records
   * it.
   */
  @Get(':id/events')
  @ApiPage(AccountEvent)
  @ApiProblems(UserError.notFound(), INVALID_LIMIT, ...ADMIN_READ_PROBLEMS)
  async listUserEvents(
    @CurrentCaller() caller: Caller,
    @UserId() id: string,
    @Query() query: PageQuery,
    @CurrentClient() client: Client,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountEvent[]> {
    const events = await this.admin.listEvents(caller, id, query, client);
    return paginate(events, query, `${this.config.publicUrl}/users/${id}/events`, reply);
  }

  /**
   * Change, disable or sign out a user
   *
   * @remarks Every change ends all sessions of the user at once and is written to the audit log.
   * The user and all administrators are told by mail about changed roles. Needs a sign-in within
   * ten minutes.
   */
  @Patch(':id')
  @ApiBody({
    type: UpdateUser,
    examples: {
      roles: { summary: 'Make the user an administrator', value: { roles: ['user', 'admin'] } },
      disable: { summary: 'Disable the account', value: { disabled: true } },
      sessions: { summary: 'End all sessions', value: { endSessions: true } },
    },
  })
  @ApiProblems(
    UserError.nothingToChange(),
    UserError.notFound(),
    UserError.ownAccount(),
    UserError.lastAdministrator(),
    ...ADMIN_BODY_PROBLEMS,
  )
  async updateUser(
    @CurrentCaller() caller: Caller,
    @UserId() id: string,
    @Body() body: UpdateUser,
    @CurrentClient() client: Client,
  ): Promise<ManagedUser> {
    return managedUserOf(await this.admin.update(caller, id, body, client));
  }

  /**
   * Delete a user
   *
   * @remarks Deletes the account with all its data and ends its sessions at once. The audit log
   * keeps the id. Needs a sign-in within ten minutes.
   */
  @Delete(':id')
  @HttpCode(204)
  @ApiProblems(UserError.notFound(), UserError.ownAccount(), UserError.lastAdministrator(), ...ADMIN_PROBLEMS)
  deleteUser(
    @CurrentCaller() caller: Caller,
    @UserId() id: string,
    @CurrentClient() client: Client,
  ): Promise<void> {
    return this.admin.remove(caller, id, client);
  }
}

function managedUserOf(account: Account): ManagedUser {
  const { roles, invitedRoles, disabledAt } = account;
  const invitationPending = invitedRoles !== null;
  return { ...profileOf(account), roles: invitedRoles ?? roles, invitationPending, disabledAt };
}
