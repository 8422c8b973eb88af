import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { RequestWithApplication } from '../http/client.js';
import { ApplicationDirectory } from './application-directory.js';
import { readCredentials } from './application-credentials.js';

/**
 * Finds out which application calls. It refuses nothing, because the limit per address, which does
 * not apply to servers, must come before any refusal.
 */
@Injectable()
export class ApplicationGuard implements CanActivate {
  constructor(private readonly directory: ApplicationDirectory) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<RequestWithApplication>();
    const credentials = readCredentials(request.headers);
    if (!credentials) return true;
    const application = await this.directory.authenticate(credentials);
    if (application) request.application = application;
    else request.hasWrongApplication = true;
    return true;
  }
}
