import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Roles } from '../http/access.js';
import { ADMIN_READ_PROBLEMS, CommonError } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { ApiPage, paginate } from '../http/pagination.js';
import { Config } from '../config/config.js';
import { AuditLog } from './audit-log.service.js';
import { AuditEntry, AuditQuery, mustBeUserId } from './audit.dto.js';

@ApiTags('Administration')
@ApiBearerAuth()
@Roles('admin')
@Controller('audit')
export class AuditController {
  constructor(
    private readonly log: AuditLog,
    private readonly config: Config,
  ) {}

  /**
   * Read the audit log
   *
   * @remarks What administrators did and whose data they read, newest first. Follow the `Link` header
   * to the next page until there is none. Entries are never changed or removed.
   */
  @Get()
  @ApiPage(AuditEntry)
  @ApiProblems(
    CommonError.validation([{ field: 'subject', detail: mustBeUserId('subject') }]),
    ...ADMIN_READ_PROBLEMS,
  )
  async listAuditEntries(
    @Query() query: AuditQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuditEntry[]> {
    return paginate(await this.log.list(query), query, `${this.config.publicUrl}/audit`, reply);
  }
}
