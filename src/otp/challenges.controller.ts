import { Controller, Get, Headers, Ip, Param, ParseUUIDPipe, Req, Res } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { networkOf } from '../common/client-network.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../http/access.js';
import { CommonError } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { ChallengeStatusService } from './challenge-status.service.js';
import { ChallengeStreams } from './challenge-streams.js';
import { ChallengeStatus } from './otp.dto.js';
import { OtpError } from './otp.errors.js';

const ChallengeId = () => Param('id', new ParseUUIDPipe({ exceptionFactory: OtpError.challengeNotFound }));

@ApiTags('Codes')
@Public()
@Controller('otp/challenges')
export class ChallengesController {
  constructor(
    private readonly statuses: ChallengeStatusService,
    private readonly streams: ChallengeStreams,
  ) {}

  /** Get the status of a challenge */
  @Get(':id')
  @ApiProblems(OtpError.challengeNotFound(), CommonError.rateLimited(30), CommonError.unavailable())
  status(@ChallengeId() id: string): Promise<ChallengeStatus> {
    return this.statuses.find(id);
  }

  /**
   * Stream the status of a challenge
   *
   * @remarks Server-sent events for `new EventSource(url)`. Sends the status at once and after each
   * change. The stream ends when the code is approved, expired or exhausted, and after ten minutes.
   * Each network may open five streams at a time. On 429 or 503, poll `GET /otp/challenges/{id}`
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
    CommonError.rateLimited(30),
    CommonError.unavailable(),
  )
  async events(
    @ChallengeId() id: string,
    @Ip() ip: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() { method }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const stream = await this.streams.follow(id.toLowerCase(), networkOf(ip), lastEventId);
    if (!stream) return void reply.code(204).send();
    if (method === 'HEAD') stream.destroy();
    // `no-transform` and X-Accel-Buffering stop proxies from buffering events.
    void reply
      .headers({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
        connection: 'close',
      })
      .send(method === 'HEAD' ? undefined : stream);
  }
}
