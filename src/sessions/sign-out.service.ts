import { Injectable } from '@nestjs/common';
import { AccountEvents } from '../account-events/account-events.service.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { SessionError } from './sessions.errors.js';
import { SessionsService } from './sessions.service.js';

/** What users end themselves, with a record of it for them. */
@Injectable()
export class SignOutService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly events: AccountEvents,
  ) {}

  /** Ends one of the caller's sessions, this one or another. */
  async endSession(
    { userId }: Caller,
    sessionId: string,
    { client, forgetDevice = false }: { client: Client; forgetDevice?: boolean },
  ): Promise<void> {
    // First, so that a failure between the two can be repeated.
    if (forgetDevice) await this.sessions.forgetDevice(sessionId, userId);
    const ended = await this.sessions.end(sessionId, userId, 'sign_out');
    if (!ended) throw SessionError.notFound();
    await this.events.record({ userId, action: 'sign_out', succeeded: true, client });
  }

  /** Ends all of the caller's sessions but this one. */
  async endOtherSessions({ userId, sessionId }: Caller, client: Client): Promise<void> {
    await this.sessions.endAll(userId, 'sign_out', { except: sessionId });
    await this.events.record({ userId, action: 'sign_out', succeeded: true, client });
  }
}
