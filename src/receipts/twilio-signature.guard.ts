import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { isSignedByTwilio } from '../sms/twilio.signature.js';
import { ReceiptError } from './receipts.errors.js';

/** Lets in what was signed with our account's token, for the public address of this very request. */
@Injectable()
export class TwilioSignatureGuard implements CanActivate {
  constructor(private readonly config: Config) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers, body, url } = context.switchToHttp().getRequest<FastifyRequest>();
    const signature = headers['x-twilio-signature'];
    const token = this.config.TWILIO_AUTH_TOKEN;
    // The Host header is the caller's word; the URL that Twilio was given is ours.
    const signed =
      token !== undefined &&
      typeof signature === 'string' &&
      typeof body === 'object' &&
      body !== null &&
      isSignedByTwilio(token, signature, this.config.publicUrl + url, body as Record<string, string>);
    if (!signed) throw ReceiptError.signatureInvalid();
    return true;
  }
}
