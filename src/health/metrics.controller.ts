import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Registry } from 'prom-client';
import { Public } from '../http/access.js';
import { ApiProblems } from '../http/api-problems.js';
import { Metrics } from '../metrics/metrics.js';
import { HealthError } from './health.errors.js';
import { MetricsTokenGuard } from './metrics-token.guard.js';

@ApiTags('Health')
@Public()
@SkipThrottle()
@UseGuards(MetricsTokenGuard)
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  /**
   * What this process counts
   *
   * @remarks In the text format of Prometheus. With `METRICS_TOKEN` set it wants that as a bearer token; without, it is open in
   * development, and in production there is no such address. docs/operations.md says what the numbers mean.
   */
  @Get()
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  @ApiSecurity('metrics')
  @ApiSecurity({})
  @ApiOkResponse({
    content: {
      'text/plain': {
        schema: { type: 'string' },
        example: 'otp_queue_messages{channel="sms",state="queued"} 0\n',
      },
    },
  })
  @ApiProblems(HealthError.metricsToken())
  read(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
