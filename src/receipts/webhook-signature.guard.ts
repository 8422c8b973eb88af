import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { ReceiptError } from './receipts.errors.js';

/**
 * Allowed difference between the two clocks. Replays are harmless, because a receipt applies only
 * once.
 */
const TOLERANCE_MS = 300_000;

/** Requires a signature with `WEBHOOK_SECRET`, as https://www.standardwebhooks.com specifies. */
@Injectable()
export class WebhookSignatureGuard implements CanActivate {
  private readonly key: Buffer;

  constructor({ WEBHOOK_SECRET = '' }: Config) {
    this.key = Buffer.from(WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64');
  }

  canActivate(context: ExecutionContext): boolean {
    const { headers, rawBody } = context.switchToHttp().getRequest<FastifyRequest & { rawBody?: string }>();
    const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map(
      (name) => headers[`webhook-${name}`],
    );
    const age = Math.abs(Date.now() - Number(timestamp) * 1_000);
    const isSigned =
      typeof signatures === 'string' &&
      rawBody !== undefined &&
      age <= TOLERANCE_MS &&
      this.isGenuine(signatures, `${String(id)}.${String(timestamp)}.${rawBody}`);
    if (!isSigned) throw ReceiptError.signatureInvalid();
    return true;
  }

  /** The header may contain several signatures while a secret is being replaced. */
  private isGenuine(signatures: string, signed: string): boolean {
    const expected = Buffer.from(`v1,${createHmac('sha256', this.key).update(signed).digest('base64')}`);
    return signatures.split(' ').some((presented) => {
      const signature = Buffer.from(presented);
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    });
  }
}
