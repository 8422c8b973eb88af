import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { equalSecrets } from '../common/digest.js';
import { Config } from '../config/config.js';
import { HealthError } from './health.errors.js';

/** Requires `METRICS_TOKEN` as a bearer token. In development the setting may be absent. */
@Injectable()
export class MetricsTokenGuard implements CanActivate {
  constructor(private readonly config: Config) {}

  canActivate(context: ExecutionContext): boolean {
    const { METRICS_TOKEN } = this.config;
    if (METRICS_TOKEN === undefined) return true;
    const { authorization = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    const presented = /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
    if (!equalSecrets(presented, METRICS_TOKEN)) throw HealthError.metricsToken();
    return true;
  }
}
