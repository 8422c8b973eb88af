import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { HealthError } from './health.errors.js';

/** Lets in whoever knows `METRICS_TOKEN`, and everybody where there is none, which is in development only. */
@Injectable()
export class MetricsTokenGuard implements CanActivate {
  constructor(private readonly config: Config) {}

  canActivate(context: ExecutionContext): boolean {
    const { METRICS_TOKEN } = this.config;
    if (METRICS_TOKEN === undefined) return true;
    const { authorization = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    const given = /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
    // Digests are of one length, so that comparing them tells nothing of how much was right.
    if (!timingSafeEqual(digest(given), digest(METRICS_TOKEN))) throw HealthError.metricsToken();
    return true;
  }
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
