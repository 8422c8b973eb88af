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
   * Read the metrics of this process
   *
   * @remarks In the Prometheus text format. If `METRICS_TOKEN` is set, it is required as a bearer
   * token. If it is not set, the metrics are public in development and absent in production.
   * docs/operations.md explains the metrics.
   */
  @Get()
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  @ApiSecurity('metrics')
  @ApiSecurity({})
  @ApiOkResponse({
    description: 'The metrics in the Prometheus text format',
    content: {
      'text/plain': {
        schema: { type: 'string' },
        example: 'otp_queue_messages{channel="sms",state="queued"} 0\n',
      },
    },
  })
  @ApiProblems(HealthError.metricsToken())
  getMetrics(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
