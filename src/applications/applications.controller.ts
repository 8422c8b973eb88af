import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Config } from '../config/config.js';
import { CurrentCaller, Roles, type Caller } from '../http/access.js';
import { ApiProblems } from '../http/api-problems.js';
import { CurrentClient, type Client } from '../http/client.js';
import { ADMIN_BODY_PROBLEMS, ADMIN_PROBLEMS, ADMIN_READ_PROBLEMS } from '../http/common.errors.js';
import { PathParam } from '../http/id-param.js';
import { ApiPage, INVALID_LIMIT, paginate } from '../http/pagination.js';
import { isApplicationId } from './application-credentials.js';
import {
  Application,
  ApplicationQuery,
  ApplicationWithSecret,
  ChangedApplication,
  NewApplication,
  NewSecret,
} from './applications.dto.js';
import { ApplicationError } from './applications.errors.js';
import { ApplicationsService } from './applications.service.js';

const EXAMPLES = {
  server: {
    summary: 'A server',
    value: { name: 'Shop', kind: 'server', audience: 'https://api.example.com', brandName: 'Acme' },
  },
  browser: {
    summary: 'A page',
    value: { name: 'Shop front', kind: 'browser', origins: ['https://shop.example.com'] },
  },
};

/** A malformed id is answered like an unknown one. */
const ApplicationId = () =>
  PathParam('id', 'The `id` from a reply of `/applications`.', {
    schema: { type: 'string' },
    pipe: {
      transform: (id: string) => {
        if (!isApplicationId(id)) throw ApplicationError.notFound();
        return id;
      },
    },
  });

@ApiTags('Applications')
@ApiBearerAuth()
@Roles('admin')
@Controller('applications')
export class ApplicationsController {
  constructor(
    private readonly applications: ApplicationsService,
    private readonly config: Config,
  ) {}

  /**
   * List applications
   *
   * @remarks The programs that may call this server, oldest first. Follow the `Link` header to the
   * next page until there is none.
   */
  @Get()
  @ApiPage(Application)
  @ApiProblems(INVALID_LIMIT, ...ADMIN_READ_PROBLEMS)
  async listApplications(
    @Query() query: ApplicationQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Application[]> {
    return paginate(
      await this.applications.list(query),
      query,
      `${this.config.publicUrl}/applications`,
      reply,
    );
  }

  /**
   * Create an application
   *
   * @remarks The reply shows the secret of a server application, once. Needs a sign-in within ten
   * minutes. The audit log records it, as every change of an application.
   */
  @Post()
  @ApiBody({ type: NewApplication, examples: EXAMPLES })
  @ApiProblems(ApplicationError.hasNoOrigins(), ...ADMIN_BODY_PROBLEMS)
  createApplication(
    @CurrentCaller() caller: Caller,
    @Body() body: NewApplication,
    @CurrentClient() client: Client,
  ): Promise<ApplicationWithSecret> {
    return this.applications.create(body, { caller, client });
  }

  /** Get an application */
  @Get(':id')
  @ApiProblems(ApplicationError.notFound(), ...ADMIN_READ_PROBLEMS)
  getApplication(@ApplicationId() id: string): Promise<Application> {
    return this.applications.get(id);
  }

  /**
   * Change, disable or enable an application
   *
   * @remarks Fields that are not sent stay unchanged. Every process follows within ten seconds.
   * Needs a sign-in within ten minutes.
   */
  @Patch(':id')
  @ApiBody({
    type: ChangedApplication,
    examples: {
      disable: { summary: 'Disable it', value: { disabled: true } },
      limits: { summary: 'A limit for a day', value: { limits: { messagesPerDay: 10_000 } } },
    },
  })
  @ApiProblems(
    ApplicationError.nothingToChange(),
    ApplicationError.hasNoOrigins(),
    ApplicationError.notFound(),
    ...ADMIN_BODY_PROBLEMS,
  )
  updateApplication(
    @CurrentCaller() caller: Caller,
    @ApplicationId() id: string,
    @Body() body: ChangedApplication,
    @CurrentClient() client: Client,
  ): Promise<Application> {
    return this.applications.change(id, body, { caller, client });
  }

  /**
   * Delete an application
   *
   * @remarks Every process refuses it within ten seconds. Messages and events keep its id. Needs a
   * sign-in within ten minutes.
   */
  @Delete(':id')
  @HttpCode(204)
  @ApiProblems(ApplicationError.notFound(), ...ADMIN_PROBLEMS)
  deleteApplication(
    @CurrentCaller() caller: Caller,
    @ApplicationId() id: string,
    @CurrentClient() client: Client,
  ): Promise<void> {
    return this.applications.remove(id, { caller, client });
  }

  /**
   * Replace the secret of an application
   *
   * @remarks The secret until now stays valid for 24 hours, or ends within ten seconds with
   * `revokePrevious`. Needs a sign-in within ten minutes.
   */
  @Post(':id/secret')
  @ApiBody({
    type: NewSecret,
    examples: {
      rotate: { summary: 'Both are valid for a day', value: { revokePrevious: false } },
      leaked: { summary: 'The old one was published', value: { revokePrevious: true } },
    },
  })
  @ApiProblems(ApplicationError.hasNoSecret(), ApplicationError.notFound(), ...ADMIN_BODY_PROBLEMS)
  replaceApplicationSecret(
    @CurrentCaller() caller: Caller,
    @ApplicationId() id: string,
    @Body() { revokePrevious = false }: NewSecret,
    @CurrentClient() client: Client,
  ): Promise<ApplicationWithSecret> {
    return this.applications.replaceSecret(id, revokePrevious, { caller, client });
  }
}
