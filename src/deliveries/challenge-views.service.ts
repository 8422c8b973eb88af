import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { networkOf } from '../common/client-network.js';
import type { Caller } from '../http/access.js';
import type { Client } from '../http/client.js';
import { ChallengeStatusService, withoutReason } from '../otp/challenge-status.service.js';
import { ChallengeStreams } from '../otp/challenge-streams.js';
import type { ChallengeStatus } from '../otp/otp.dto.js';
import { SessionsService } from '../sessions/sessions.service.js';

/** Who asks for the status of a challenge. */
export interface Viewer {
  caller?: Caller;
  client: Client;
}

/** The status of a challenge for everybody, with the reason of a failed delivery for a few. */
@Injectable()
export class ChallengeViews {
  constructor(
    private readonly statuses: ChallengeStatusService,
    private readonly streams: ChallengeStreams,
    private readonly sessions: SessionsService,
  ) {}

  /** Throws `challenge_not_found`. */
  async status(id: string, viewer: Viewer): Promise<ChallengeStatus> {
    const status = await this.statuses.find(id);
    // Only a status with a reason costs the question who may read it.
    if (!status.deliveryReason || (await this.mayReadReason(id, viewer))) return status;
    return withoutReason(status);
  }

  /** See `ChallengeStreams.follow`. */
  async follow(id: string, viewer: Viewer, lastEventId?: string): Promise<Readable | null> {
    const withReason = await this.mayReadReason(id, viewer);
    return this.streams.follow(id, networkOf(viewer.client.ip), { withReason, lastEventId });
  }

  /** Administrators, and recognised devices of the account that owns the address. */
  private async mayReadReason(id: string, { caller, client }: Viewer): Promise<boolean> {
    if (caller?.roles.includes('admin')) return true;
    if (client.deviceToken === undefined) return false;
    const recipient = await this.statuses.recipientOf(id);
    return this.sessions.isRecognised(recipient, client.deviceToken);
  }
}
