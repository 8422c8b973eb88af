import { Controller, Get, Header } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { Jwks } from './jwks.dto.js';
import { SigningService } from './signing.service.js';

@ApiTags('Keys')
@Public()
@SkipThrottle()
@Controller('.well-known')
export class JwksController {
  constructor(private readonly signing: SigningService) {}

  /**
   * Get the public keys
   *
   * @remarks A JSON Web Key Set (RFC 7517). Backends use it to verify tokens without a request to
   * this server. It may be cached for five minutes. Until then, a backend may accept tokens of a
   * key that was revoked. Without a revocation, each key is published before its first use.
   */
  @Get('jwks.json')
  @Header('Cache-Control', 'public, max-age=300')
  getJwks(): Jwks {
    return { keys: this.signing.publicKeys() };
  }
}
