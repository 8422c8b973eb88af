import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { IsString, MaxLength } from 'class-validator';
import { IfGiven } from '../common/if-given.js';
import { Inbox } from '../common/inbox.js';
import { inboxPage } from './inbox.page.js';

export class InboxQuery {
  /**
   * Only messages to this address: E.164 or a lower-case e-mail address.
   * @example "+14155550123"
   */
  @IfGiven()
  @MaxLength(254, { message: 'to is too long.' })
  @IsString({ message: 'to must be given once.' })
  to?: string;
}

export class InboxEntry {
  id!: string;
  /** @example "sms" */
  channel!: 'sms' | 'email';
  /** @example "+14155550123" */
  to!: string;
  /** @example "123456 is your code" */
  subject?: string;
  /** @example "123456 is your code.\nValid for 5 minutes. Do not share it.\n\n@localhost #123456" */
  text!: string;
  html?: string;
  at!: Date;
}

@ApiTags('Inbox (development)')
@SkipThrottle()
@Controller('inbox')
export class InboxController {
  constructor(private readonly inbox: Inbox) {}

  @Get()
  @ApiExcludeEndpoint()
  @Header('Content-Type', 'text/html; charset=utf-8')
  page(@Query() { to }: InboxQuery): string {
    return inboxPage(this.inbox.list(to));
  }

  /**
   * Read the messages
   *
   * @remarks What a development server "sent", newest first. Absent where real providers are configured.
   */
  @Get('messages')
  messages(@Query() { to }: InboxQuery): InboxEntry[] {
    return this.inbox.list(to);
  }
}
