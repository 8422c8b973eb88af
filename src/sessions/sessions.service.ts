import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { sha256 } from '../common/digest.js';
import { newId } from '../common/random.js';
import type { Caller, Role } from '../http/access.js';
import type { Client } from '../http/client.js';
import { Keyring } from '../common/keyring.js';
import { addressOf, isPhone, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { SigningService, type Claims } from '../signing/signing.service.js';
import { DeviceRepository } from './device.repository.js';
import { deviceIdOf, createDeviceToken } from './device-token.js';
import { createRefreshToken, readRefreshToken, deriveSuccessors } from './refresh-token.js';
import { SessionRepository, type SessionRow } from './session.repository.js';

export interface SessionUser {
  id: string;
  roles: Role[];
  /** As it was when the credentials were checked. */
  securityStamp: number;
}

/** What a client holds after a sign-in. */
export interface Tokens {
  tokenType: 'Bearer';
  accessToken: string;
  /** Seconds, of the access token. */
  expiresIn: number;
  refreshToken: string;
  /** Lets nobody in: it tells us at the next sign-in that the device is known. */
  deviceToken: string;
}

export interface Opened {
  tokens: Tokens;
  at: Date;
  /** It is a device that we did not know, and not the user's first. */
  isNewDevice: boolean;
}

export type Refreshed =
  | { outcome: 'refreshed'; userId: string; sessionId: string; amr: string[]; refreshToken: string }
  | { outcome: 'replayed'; userId: string; sessionId: string }
  | { outcome: 'refused' };

interface AccessClaims extends Claims {
  sid: string;
  roles: Role[];
}

const ACCESS_TOKEN = 'at+jwt';

/** Among the methods of a sign-in (`amr`): it was a test identity's. Its access tokens say `test: true`. */
export const TEST = 'test';

/** Sessions of users, the tokens they are used with, and the devices they run on. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly devices: DeviceRepository,
    private readonly signing: SigningService,
    private readonly keyring: Keyring,
    private readonly config: Config,
    private readonly dataSource: DataSource,
  ) {}

  /** Signs in, or gives null when the user changed since the credentials were checked (`securityStamp`). */
  async open(user: SessionUser, { amr, client }: { amr: string[]; client: Client }): Promise<Opened | null> {
    const id = newId();
    const refreshToken = createRefreshToken(this.keyring, id);
    const made = createDeviceToken();
    const opened = await this.sessions.open({
      id,
      userId: user.id,
      securityStamp: user.securityStamp,
      refreshHash: sha256(refreshToken),
      lifeSeconds: this.config.REFRESH_TOKEN_TTL_SECONDS,
      amr,
      userAgent: client.userAgent,
      ip: client.ip,
      presentedDevice: presentedDevice(client.deviceToken),
      newDevice: { id: made.id, tokenHash: sha256(made.token) },
    });
    if (!opened) return null;
    const deviceToken = opened.deviceId === made.id ? made.token : (client.deviceToken ?? made.token);
    const tokens: Tokens = {
      tokenType: 'Bearer',
      ...this.accessToken(user, id, amr),
      refreshToken,
      deviceToken,
    };
    return { tokens, at: opened.at, isNewDevice: opened.isNewDevice };
  }

  /** The lane of a device that this address's user signed in on before; `''`, the public one, for every other. */
  async laneForDevice(recipient: Recipient, deviceToken?: string): Promise<string> {
    const device = presentedDevice(deviceToken);
    if (!device) return '';
    const isKnown = await this.devices.isOf(device, addressOf(recipient), isPhone(recipient));
    return isKnown ? `device:${device.id}` : '';
  }

  /** The next refresh token for this one. A replay has ended the session by the time it is told. */
  async refresh(refreshToken: string, { userAgent, ip }: Client): Promise<Refreshed> {
    const read = readRefreshToken(this.keyring, refreshToken);
    if (!read) return { outcome: 'refused' };
    const { sessionId, isGenuine: isOurs } = read;
    const successors = deriveSuccessors(this.keyring, sessionId, refreshToken);
    const rotated = await this.sessions.refresh({
      sessionId,
      isGenuine: isOurs,
      presented: sha256(refreshToken),
      successor: sha256(successors[0] ?? ''),
      userAgent,
      ip,
    });
    if (!rotated) return { outcome: 'refused' };
    const { userId, amr, refreshHash, replayed } = rotated;
    if (replayed) return { outcome: 'replayed', userId, sessionId };
    // A process that runs under another secret may have rotated it first.
    const successor = successors.find((token) => sha256(token).equals(refreshHash));
    if (!successor) return { outcome: 'refused' };
    return { outcome: 'refreshed', userId, sessionId, amr, refreshToken: successor };
  }

  accessToken(
    { id, roles }: Pick<SessionUser, 'id' | 'roles'>,
    sessionId: string,
    amr: string[],
  ): Pick<Tokens, 'accessToken' | 'expiresIn'> {
    const expiresIn = this.config.ACCESS_TOKEN_TTL_SECONDS;
    const accessToken = this.signing.sign(
      { sub: id, sid: sessionId, jti: newId(), roles, amr, ...(amr.includes(TEST) && { test: true }) },
      { typ: ACCESS_TOKEN, expiresInSeconds: expiresIn },
    );
    return { accessToken, expiresIn };
  }

  /**
   * Whom an access token lets in, or null. Its roles are current: whoever changes a user's roles ends the sessions.
   */
  async authenticate(accessToken: string): Promise<Caller | null> {
    const read = () => this.signing.verify<AccessClaims>(accessToken, { typ: ACCESS_TOKEN });
    const claims = read() ?? ((await this.signing.loadKeyOf(accessToken)) ? read() : null);
    if (!claims) return null;
    const { sub: userId, sid: sessionId, roles } = claims;
    const session = await this.check(sessionId, userId);
    return session && { userId, sessionId, roles, recentlyAuthenticated: session.fresh };
  }

  /** Null when the session is over; fresh within ten minutes of the sign-in. */
  check(sessionId: string, userId: string): Promise<{ fresh: boolean } | null> {
    return this.sessions.findLive(sessionId, userId);
  }

  /** Those that are not over, the last used first. */
  list(userId: string): Promise<SessionRow[]> {
    return this.sessions.list(userId);
  }

  /** Whether there was one to end. */
  end(sessionId: string, userId: string, reason: string): Promise<boolean> {
    return this.sessions.end(sessionId, userId, reason);
  }

  /**
   * Ends a user's sessions, and forgets the devices if asked to. Sign-ins whose credentials were checked but that are not
   * open yet go on, unless `users.security_stamp` was raised before, in the transaction of `manager`.
   */
  async endAll(
    userId: string,
    reason: string,
    { manager, except, devices }: { manager?: EntityManager; except?: string; devices?: boolean } = {},
  ): Promise<void> {
    if (!manager)
      return this.dataSource.transaction((own) =>
        this.endAll(userId, reason, { manager: own, except, devices }),
      );
    // User, devices, sessions: one order of locks for all, so that none waits for another that waits for it.
    await this.sessions.lockUser(manager, userId);
    if (devices) await this.devices.forgetAll(manager, userId);
    await this.sessions.endAll(manager, userId, reason, except);
  }

  /** The device of this session counts as unknown from now on; sessions on it go on. */
  forgetDevice(sessionId: string, userId: string): Promise<void> {
    return this.devices.forget(sessionId, userId);
  }
}

function presentedDevice(token: string | undefined): { id: string; tokenHash: Buffer } | null {
  const id = deviceIdOf(token);
  return id === null || token === undefined ? null : { id, tokenHash: sha256(token) };
}
