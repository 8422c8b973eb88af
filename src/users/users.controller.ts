import { Body, Controller, Get, Param, ParseUUIDPipe, Patch, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, Roles, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { CommonError, SIGNED_IN_BODY_PROBLEMS, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { INVALID_LIMIT, ApiPage, paginate, fetchLimit } from '../http/pagination.js';
import { Config } from '../config/config.js';
import type { Account } from './account.js';
import { UserAdminService } from './user-admin.service.js';
import { ManagedUser, profileOf, UpdateUser, UserQuery } from './users.dto.js';
import { UserError } from './users.errors.js';

const UserId = () => Param('id', new ParseUUIDPipe({ exceptionFactory: UserError.notFound }));

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
   * @remarks Oldest first. `search` is the beginning of an e-mail address or phone number.
   */
  @Get()
  @ApiPage(ManagedUser)
  @ApiProblems(INVALID_LIMIT, CommonError.forbidden(), ...SIGNED_IN_PROBLEMS)
  async list(
    @Query() query: UserQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ManagedUser[]> {
    const accounts = await this.admin.list(query.search, query.cursor, fetchLimit(query));
    return paginate(accounts, query, `${this.config.publicUrl}/users`, reply).map(managedUserOf);
  }

  /** Get a user */
  @Get(':id')
  @ApiProblems(UserError.notFound(), CommonError.forbidden(), ...SIGNED_IN_PROBLEMS)
  async get(@UserId() id: string): Promise<ManagedUser> {
    return managedUserOf(await this.admin.get(id));
  }

  /**
   * Change, disable or sign out a user
   *
   * @remarks Every change ends all sessions of the user at once and is written to the audit log.
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
    CommonError.forbidden(),
    ...SIGNED_IN_BODY_PROBLEMS,
  )
  async update(
    @CurrentCaller() caller: Caller,
    @UserId() id: string,
    @Body() body: UpdateUser,
    @CurrentClient() client: Client,
  ): Promise<ManagedUser> {
    return managedUserOf(await this.admin.update(caller, id, body, client));
  }
}

function managedUserOf(account: Account): ManagedUser {
  return { ...profileOf(account), disabledAt: account.disabledAt };
}
