import { Controller, Delete, Get, HttpCode, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { CommonError, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { IdParam } from '../http/id-param.js';
import { EndSession, SessionEntry } from './sessions.dto.js';
import { SessionError } from './sessions.errors.js';
import { SessionsService } from './sessions.service.js';
import { SignOutService } from './sign-out.service.js';

@ApiTags('Sessions')
@ApiBearerAuth()
@Controller('auth/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly signOut: SignOutService,
  ) {}

  /**
   * List your sessions
   *
   * @remarks Active sessions only, the most recently used first, up to 100.
   */
  @Get()
  @ApiProblems(...SIGNED_IN_PROBLEMS)
  async listSessions(@CurrentCaller() { userId, sessionId }: Caller): Promise<SessionEntry[]> {
    const rows = await this.sessions.list(userId);
    return rows.map((row) => ({ ...row, current: row.id === sessionId }));
  }

  /**
   * Sign out everywhere else
   *
   * @remarks Ends all of your sessions except the current one.
   */
  @Delete()
  @HttpCode(204)
  @ApiProblems(...SIGNED_IN_PROBLEMS)
  endOtherSessions(@CurrentCaller() caller: Caller, @CurrentClient() client: Client): Promise<void> {
    return this.signOut.endOtherSessions(caller, client);
  }

  /**
   * End one session
   *
   * @remarks Its tokens stop working at once, on every server. Set `forgetDevice` if the device
   * was lost: it is then no longer a recognised device.
   */
  @Delete(':id')
  @HttpCode(204)
  @ApiProblems(
    SessionError.notFound(),
    CommonError.validation([{ field: 'forgetDevice', detail: 'forgetDevice must be true or false.' }]),
    ...SIGNED_IN_PROBLEMS,
  )
  endSession(
    @IdParam('id', 'The `id` from `GET /auth/sessions`.', SessionError.notFound) id: string,
    @Query() { forgetDevice }: EndSession,
    @CurrentCaller() caller: Caller,
    @CurrentClient() client: Client,
  ): Promise<void> {
    return this.signOut.endSession(caller, id, { client, forgetDevice: forgetDevice === 'true' });
  }
}
