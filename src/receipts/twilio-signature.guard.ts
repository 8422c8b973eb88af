import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { isSignedByTwilio } from '../sms/twilio.signature.js';
import { ReceiptError } from './receipts.errors.js';

/** Requires Twilio's signature over the public URL and the fields of this request. */
@Injectable()
export class TwilioSignatureGuard implements CanActivate {
  constructor(private readonly config: Config) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers, body, url } = context.switchToHttp().getRequest<FastifyRequest>();
    const signature = headers['x-twilio-signature'];
    const token = this.config.TWILIO_AUTH_TOKEN;
    // Uses our configured URL, because the caller controls the Host header.
    const isSigned =
      token !== undefined &&
      typeof signature === 'string' &&
      isForm(body) &&
      isSignedByTwilio(token, signature, this.config.publicUrl + url, body);
    if (!isSigned) throw ReceiptError.signatureInvalid();
    return true;
  }
}

/** A JSON body could contain lists, which have the same signature as other fields. */
function isForm(body: unknown): body is Record<string, string> {
  return (
    typeof body === 'object' &&
    body !== null &&
    Object.values(body).every((value) => typeof value === 'string')
  );
}
