import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { WebhookError } from './receipts.errors.js';

/** Lets in whoever knows user and password of the webhook's URL. Postmark signs nothing. */
@Injectable()
export class PostmarkCredentialsGuard implements CanActivate {
  private readonly expected: Buffer;

  constructor({ POSTMARK_WEBHOOK_USER: user, POSTMARK_WEBHOOK_PASSWORD: password }: Config) {
    this.expected = digest(`${user}:${password}`);
  }

  canActivate(context: ExecutionContext): boolean {
    const { authorization = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    const given = Buffer.from(/^basic +([\w+/=]+) *$/i.exec(authorization)?.[1] ?? '', 'base64');
    // Digests are of one length, so that comparing them tells nothing of how much was right.
    if (!timingSafeEqual(digest(given), this.expected)) throw WebhookError.credentials();
    return true;
  }
}

function digest(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}
