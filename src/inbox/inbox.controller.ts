import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../http/access.js';
import { ApiProblems } from '../http/api-problems.js';
import { CommonError } from '../http/common.errors.js';
import { replyWithEvents } from '../http/event-stream.js';
import { InboxStore } from './inbox-store.js';
import { InboxStreams } from './inbox-streams.js';
import { InboxEntry, InboxQuery } from './inbox.dto.js';

@ApiTags('Inbox (development)')
@Public()
@SkipThrottle()
@Controller('inbox')
export class InboxController {
  constructor(
    private readonly inbox: InboxStore,
    private readonly streams: InboxStreams,
  ) {}

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

  /** New messages, for the page. */
  @Get('events')
  @ApiExcludeEndpoint()
  events(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    replyWithEvents(request, reply, this.streams.open());
  }
}
