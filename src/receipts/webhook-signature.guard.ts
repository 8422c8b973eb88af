import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { ReceiptError } from './receipts.errors.js';

/** How far apart the two clocks may be. A receipt that is sent again changes nothing, in this time or later. */
const TOLERANCE_MS = 300_000;

/** Lets in what was signed with `WEBHOOK_SECRET`: https://www.standardwebhooks.com */
@Injectable()
export class WebhookSignatureGuard implements CanActivate {
  private readonly key: Buffer;

  constructor({ WEBHOOK_SECRET = '' }: Config) {
    this.key = Buffer.from(WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64');
  }

  canActivate(context: ExecutionContext): boolean {
    const { headers, rawBody } = context.switchToHttp().getRequest<FastifyRequest & { rawBody?: string }>();
    const [id, timestamp, given] = ['id', 'timestamp', 'signature'].map((name) => headers[`webhook-${name}`]);
    const age = Math.abs(Date.now() - Number(timestamp) * 1_000);
    const isSigned =
      typeof given === 'string' &&
      rawBody !== undefined &&
      age <= TOLERANCE_MS &&
      this.isRight(given, `${String(id)}.${String(timestamp)}.${rawBody}`);
    if (!isSigned) throw ReceiptError.signatureInvalid();
    return true;
  }

  /** The header may hold several, while a secret is replaced. */
  private isRight(given: string, signed: string): boolean {
    const expected = Buffer.from(`v1,${createHmac('sha256', this.key).update(signed).digest('base64')}`);
    return given.split(' ').some((one) => {
      const signature = Buffer.from(one);
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    });
  }
}
