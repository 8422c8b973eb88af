import { Injectable } from '@nestjs/common';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { SessionError } from './sessions.errors.js';
import { SessionsService } from './sessions.service.js';

/** Ends sessions at the user's request and records it in the account's events. */
@Injectable()
export class SignOutService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly events: AccountEvents,
  ) {}

  /** Ends one of the caller's sessions: the current one or another. */
  async endSession(
    { userId }: Caller,
    sessionId: string,
    { client, forgetDevice = false }: { client: Client; forgetDevice?: boolean },
  ): Promise<void> {
    // The device first: if ending the session then fails, the request can be repeated.
    if (forgetDevice) await this.sessions.forgetDevice(sessionId, userId);
    const ended = await this.sessions.end(sessionId, userId, 'sign_out');
    if (!ended) throw SessionError.notFound();
    await this.events.record({ userId, action: 'sign_out', succeeded: true, client });
  }

  /** Ends all of the caller's sessions except the current one. */
  async endOtherSessions({ userId, sessionId }: Caller, client: Client): Promise<void> {
    await this.sessions.endAll(userId, 'sign_out', { except: sessionId });
    await this.events.record({ userId, action: 'sign_out', succeeded: true, client });
  }
}
