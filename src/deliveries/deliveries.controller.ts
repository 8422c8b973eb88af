import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, Roles, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { CommonError, SIGNED_IN_BODY_PROBLEMS, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { UnblockService } from './unblock.service.js';
import { addressErrors, OtpError } from '../otp/otp.errors.js';
import { Recipients } from '../otp/recipients.js';
import { Timeline, TimelineQuery, Unblock } from './timeline.dto.js';
import { TimelineService } from './timeline.service.js';

const ADDRESS_PROBLEMS = addressErrors('recipient').filter(
  ({ code }) => code !== 'channel_not_available' && code !== 'phone_not_mobile',
);

@ApiTags('Administration')
@ApiBearerAuth()
@Roles('admin')
@Controller('deliveries')
export class DeliveriesController {
  constructor(
    private readonly timelines: TimelineService,
    private readonly unblocking: UnblockService,
    private readonly recipients: Recipients,
  ) {}

  /**
   * Get the delivery timeline of a recipient
   *
   * @remarks Lists codes and messages, the budgets used, and any suppression of the recipient.
   */
  @Get()
  @ApiProblems(...ADDRESS_PROBLEMS, ...SIGNED_IN_PROBLEMS, CommonError.forbidden())
  async ofRecipient(@Query() { recipient }: TimelineQuery): Promise<Timeline> {
    return this.timelines.ofRecipient(this.recipients.fromText(recipient, 'recipient'));
  }

  /** Get the delivery timeline of a challenge */
  @Get(':challengeId')
  @ApiProblems(OtpError.challengeNotFound(), ...SIGNED_IN_PROBLEMS, CommonError.forbidden())
  ofChallenge(
    @Param('challengeId', new ParseUUIDPipe({ exceptionFactory: OtpError.challengeNotFound })) id: string,
  ): Promise<Timeline> {
    return this.timelines.ofChallenge(id);
  }

  /**
   * Unblock a recipient
   *
   * @remarks Resets its budgets, ends the cooldown and lifts a suppression. The audit log records it.
   * Returns the updated timeline.
   */
  @Post('unblock')
  @HttpCode(200)
  @ApiBody({
    type: Unblock,
    examples: {
      all: { summary: 'For all purposes', value: { recipient: 'ada@example.com' } },
      purpose: { summary: 'For one purpose', value: { recipient: '+14155550123', purpose: 'login' } },
    },
  })
  @ApiProblems(...ADDRESS_PROBLEMS, ...SIGNED_IN_BODY_PROBLEMS, CommonError.forbidden())
  async unblock(
    @CurrentCaller() caller: Caller,
    @Body() body: Unblock,
    @CurrentClient() client: Client,
  ): Promise<Timeline> {
    const recipient = this.recipients.fromText(body.recipient, 'recipient');
    await this.unblocking.unblock(caller, recipient, body.purpose, client);
    return this.timelines.ofRecipient(recipient);
  }
}
