import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { CommonError } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { Sql } from '../database/sql.js';
import { Health } from './health.dto.js';

const PING = { name: 'health_ping', text: 'select 1 from challenges limit 1' };

@ApiTags('Health')
@Public()
@SkipThrottle()
@Controller('health')
export class HealthController {
  constructor(private readonly sql: Sql) {}

  /** Check that the process is alive */
  @Get()
  getLiveness(): Health {
    return { status: 'ok' };
  }

  /**
   * Check that the server can serve requests
   *
   * @remarks 503 while the database cannot be reached. Remove the process from the load balancer,
   * but do not restart it.
   */
  @Get('ready')
  @ApiProblems(CommonError.unavailable())
  async getReadiness(): Promise<Health> {
    await this.sql.rows(PING, []);
    return { status: 'ok' };
  }
}
