import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { JwksController } from './jwks.controller.js';
import { SigningKeyRepository } from './signing-key.repository.js';
import { SigningService } from './signing.service.js';

/** Signs and verifies all signed tokens, and publishes the keys. */
@Module({
  imports: [JwtModule.register({})],
  controllers: [JwksController],
  providers: [SigningService, SigningKeyRepository],
  exports: [SigningService],
})
export class SigningModule {}
