import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { ApiProblems } from '../http/api-problems.js';
import { CommonError } from '../http/common.errors.js';
import { InboxStore } from './inbox-store.js';
import { InboxEntry, InboxQuery } from './inbox.dto.js';
import { inboxPage } from './inbox.page.js';

@ApiTags('Inbox (development)')
@Public()
@SkipThrottle()
@Controller('inbox')
export class InboxController {
  constructor(private readonly inbox: InboxStore) {}

  @Get()
  @ApiExcludeEndpoint()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(@Query() { to }: InboxQuery): string {
    return inboxPage(this.inbox.list(to));
  }

  /**
   * List the messages
   *
   * @remarks The messages that a development server "sent", newest first. Absent if only real
   * providers are configured.
   */
  @Get('messages')
  @ApiProblems(CommonError.validation([{ field: 'to', detail: 'to is too long.' }]))
  listInboxMessages(@Query() { to }: InboxQuery): InboxEntry[] {
    return this.inbox.list(to);
  }
}
