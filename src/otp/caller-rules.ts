import { Injectable } from '@nestjs/common';
import { ApplicationError } from '../applications/applications.errors.js';
import { Config } from '../config/config.js';
import type { Client } from '../http/client.js';

/** The fields of a request at `/otp` that not every caller may send. */
export interface CallerFields {
  purpose: string;
  context?: object;
  metadata?: object;
  clientIp?: string;
}

/**
 * What a caller may ask for at `/otp`. Nobody but a server application writes a word of a message, so
 * a stranger cannot speak in the operator's name. Development allows a context without an application.
 */
@Injectable()
export class CallerRules {
  constructor(private readonly config: Config) {}

  /** Throws an `ApplicationError`. */
  check({ purpose, context, metadata, clientIp }: CallerFields, { application }: Client): void {
    const isServer = application?.kind === 'server';
    const isDeveloper = !application && !this.config.production;
    if (clientIp !== undefined && !isServer) throw ApplicationError.clientIpNotAllowed();
    if (metadata !== undefined && !isServer) throw ApplicationError.metadataNotAllowed();
    if (context !== undefined && !isServer && !isDeveloper) throw ApplicationError.contextNotAllowed();
    if (!application && !isDeveloper && purpose !== 'verification') throw ApplicationError.required();
    if (application?.purposes && !application.purposes.includes(purpose))
      throw ApplicationError.purposeRefused(purpose);
  }
}
