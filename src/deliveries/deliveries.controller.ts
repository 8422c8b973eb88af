import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, Roles, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { ADMIN_BODY_PROBLEMS, ADMIN_READ_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { IdParam } from '../http/id-param.js';
import { UnblockService } from './unblock.service.js';
import { addressErrors, OtpError } from '../otp/otp.errors.js';
import { Recipients } from '../otp/recipients.js';
import { Timeline, TimelineQuery, Unblock } from './timeline.dto.js';
import { TimelineService } from './timeline.service.js';

const ChallengeId = () =>
  IdParam(
    'challengeId',
    'The `challenge.id` from the reply that sent the code, or a `codes[].id` of a timeline.',
    OtpError.challengeNotFound,
  );

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
   * @remarks Lists codes and messages, the budgets used, and any suppression of the recipient. The
   * audit log records it.
   */
  @Get()
  @ApiProblems(...ADDRESS_PROBLEMS, ...ADMIN_READ_PROBLEMS)
  async getRecipientTimeline(
    @CurrentCaller() caller: Caller,
    @Query() { recipient }: TimelineQuery,
    @CurrentClient() client: Client,
  ): Promise<Timeline> {
    return this.timelines.readOfRecipient(caller, this.recipients.fromText(recipient, 'recipient'), client);
  }

  /**
   * Get the delivery timeline of a challenge
   *
   * @remarks The audit log records it.
   */
  @Get(':challengeId')
  @ApiProblems(OtpError.challengeNotFound(), ...ADMIN_READ_PROBLEMS)
  getChallengeTimeline(
    @CurrentCaller() caller: Caller,
    @ChallengeId() id: string,
    @CurrentClient() client: Client,
  ): Promise<Timeline> {
    return this.timelines.readOfChallenge(caller, id, client);
  }

  /**
   * Unblock a recipient
   *
   * @remarks Resets its budgets, ends the cooldown and lifts a suppression. The audit log records
   * it. Returns the updated timeline. Needs a sign-in within ten minutes.
   */
  @Post('unblock')
  @HttpCode(200)
  @ApiBody({
    type: Unblock,
    examples: {
      all: { summary: 'For all purposes', value: { recipient: 'grace@example.com' } },
      purpose: { summary: 'For one purpose', value: { recipient: '+12025550143', purpose: 'login' } },
    },
  })
  @ApiProblems(...ADDRESS_PROBLEMS, ...ADMIN_BODY_PROBLEMS)
  async unblockRecipient(
    @CurrentCaller() caller: Caller,
    @Body() body: Unblock,
    @CurrentClient() client: Client,
  ): Promise<Timeline> {
    const recipient = this.recipients.fromText(body.recipient, 'recipient');
    await this.unblocking.unblock(caller, recipient, body.purpose, client);
    return this.timelines.ofRecipient(recipient);
  }
}
