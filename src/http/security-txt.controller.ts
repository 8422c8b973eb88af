import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Config } from '../config/config.js';
import { Public } from './access.js';

const VALID_DAYS = 30;

/** Whom to tell about a vulnerability (RFC 9116). Only served if `SECURITY_CONTACT` is set. */
@ApiExcludeController()
@Public()
@SkipThrottle()
@Controller('.well-known')
export class SecurityTxtController {
  constructor(private readonly config: Config) {}

  @Get('security.txt')
  @Header('content-type', 'text/plain; charset=utf-8')
  read(): string {
    const { SECURITY_CONTACT, publicUrl } = this.config;
    const expires = new Date(Date.now() + VALID_DAYS * 86_400_000).toISOString();
    return [
      `Contact: ${SECURITY_CONTACT ?? ''}`,
      `Expires: ${expires}`,
      'Preferred-Languages: en',
      `Canonical: ${publicUrl}/.well-known/security.txt`,
      '',
    ].join('\n');
  }
}
