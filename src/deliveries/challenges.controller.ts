import { Controller, Get, Headers, Req, Res } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiSecurity,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ChecksApplication } from '../applications/application-access.js';
import { ApplicationError } from '../applications/applications.errors.js';
import { OptionalCaller, OptionallySignedIn, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { CommonError } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { replyWithEvents } from '../http/event-stream.js';
import { IdParam } from '../http/id-param.js';
import { ChallengeStatus } from '../otp/otp.dto.js';
import { OtpError } from '../otp/otp.errors.js';
import { ChallengeViews } from './challenge-views.service.js';

const ChallengeId = () =>
  IdParam('id', 'The `challenge.id` from the reply that sent the code.', OtpError.challengeNotFound);

@ApiTags('Codes')
@OptionallySignedIn()
@ChecksApplication()
@ApiSecurity({})
@ApiSecurity('application')
@ApiSecurity('application-id')
@Controller('otp/challenges')
export class ChallengesController {
  constructor(private readonly views: ChallengeViews) {}

  /**
   * Get the status of a challenge
   *
   * @remarks Says whether the message was delivered. Why a delivery failed is for administrators,
   * and for recognised devices of the account that owns the address.
   */
  @Get(':id')
  @ApiProblems(
    OtpError.challengeNotFound(),
    CommonError.unauthorized(),
    ApplicationError.invalid(),
    ApplicationError.originNotAllowed(),
    CommonError.rateLimited(30),
    CommonError.unavailable(),
  )
  getChallenge(
    @ChallengeId() id: string,
    @OptionalCaller() caller: Caller | undefined,
    @CurrentClient() client: Client,
  ): Promise<ChallengeStatus> {
    return this.views.status(id, { caller, client });
  }

  /**
   * Stream the status of a challenge
   *
   * @remarks Server-sent events for `new EventSource(url)` or `curl`; Swagger UI shows them only
   * when the stream ends. Sends the status at once and after each change. The stream ends when the
   * code is approved, expired or exhausted, and after ten minutes. Five streams may be open at a
   * time for each challenge and from each network. On 429 or 503, poll `GET /otp/challenges/{id}`
   * instead.
   */
  @Get(':id/events')
  @ApiExtraModels(ChallengeStatus)
  @ApiHeader({
    name: 'last-event-id',
    required: false,
    description: 'Sent by browsers when they reconnect.',
    schema: { type: 'string' },
  })
  @ApiOkResponse({
    description: 'A stream of events. The data of each event is the status as JSON.',
    content: { 'text/event-stream': { schema: { $ref: getSchemaPath(ChallengeStatus) } } },
  })
  @ApiNoContentResponse({
    description: 'The client already has the final status. Browsers do not reconnect after this.',
  })
  @ApiProblems(
    OtpError.challengeNotFound(),
    OtpError.tooManyStreams(),
    CommonError.unauthorized(),
    ApplicationError.invalid(),
    ApplicationError.originNotAllowed(),
    CommonError.rateLimited(30),
    CommonError.unavailable(),
  )
  async streamChallenge(
    @ChallengeId() id: string,
    @OptionalCaller() caller: Caller | undefined,
    @CurrentClient() client: Client,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const stream = await this.views.follow(id.toLowerCase(), { caller, client }, lastEventId);
    if (!stream) return void reply.code(204).send();
    replyWithEvents(request, reply, stream);
  }
}
