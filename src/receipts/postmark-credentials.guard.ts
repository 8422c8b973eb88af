import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { equalSecrets } from '../common/digest.js';
import { Config } from '../config/config.js';
import { ReceiptError } from './receipts.errors.js';

/** Requires the user and password of the webhook, because Postmark does not sign its requests. */
@Injectable()
export class PostmarkCredentialsGuard implements CanActivate {
  private readonly expected: string;

  constructor({ POSTMARK_WEBHOOK_USER: user, POSTMARK_WEBHOOK_PASSWORD: password }: Config) {
    this.expected = `${user}:${password}`;
  }

  canActivate(context: ExecutionContext): boolean {
    const { authorization = '' } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    const encoded = /^basic +([\w+/=]+) *$/i.exec(authorization)?.[1] ?? '';
    const presented = Buffer.from(encoded, 'base64');
    if (!equalSecrets(presented, this.expected)) throw ReceiptError.credentialsInvalid();
    return true;
  }
}
