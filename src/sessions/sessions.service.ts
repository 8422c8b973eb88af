import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { sha256 } from '../common/digest.js';
import { newId } from '../common/random.js';
import type { Caller, Role } from '../http/access.js';
import type { Client } from '../http/client.js';
import { Keyring } from '../common/keyring.js';
import { addressOf, isPhone, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { SigningService } from '../signing/signing.service.js';
import { readAccessToken, signAccessToken } from './access-token.js';
import { DeviceRepository, type DeviceKey, type DeviceRow } from './device.repository.js';
import { deviceIdOf, createDeviceToken } from './device-token.js';
import { createRefreshToken, readRefreshToken, deriveSuccessors } from './refresh-token.js';
import { SessionRepository, type PastSession, type SessionRow } from './session.repository.js';

export { TEST } from './access-token.js';

export interface SessionUser {
  id: string;
  roles: Role[];
  /** Its value when the credentials were checked. */
  securityStamp: number;
}

/** The tokens that a client gets at a sign-in. */
export interface Tokens {
  tokenType: 'Bearer';
  accessToken: string;
  /** Life of the access token in seconds. */
  expiresIn: number;
  refreshToken: string;
  /** Identifies the device at the next sign-in. It grants no access. */
  deviceToken: string;
}

export interface Opened {
  tokens: Tokens;
  at: Date;
  /** The device was not recognised, and the user has other devices. */
  isNewDevice: boolean;
}

export type Refreshed =
  | { outcome: 'refreshed'; userId: string; sessionId: string; amr: string[]; refreshToken: string }
  | { outcome: 'replayed'; userId: string; sessionId: string }
  | { outcome: 'refused' };

/** Sessions of users, their tokens and their devices. */
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

  /**
   * Opens a session. Null when the user changed since the credentials were checked
   * (`securityStamp`).
   */
  async open(user: SessionUser, { amr, client }: { amr: string[]; client: Client }): Promise<Opened | null> {
    const id = newId();
    const refreshToken = createRefreshToken(this.keyring, id);
    const newDevice = createDeviceToken();
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
      newDevice: { id: newDevice.id, tokenHash: sha256(newDevice.token) },
    });
    if (!opened) return null;
    const deviceToken =
      opened.deviceId === newDevice.id ? newDevice.token : (client.deviceToken ?? newDevice.token);
    const tokens: Tokens = {
      tokenType: 'Bearer',
      ...this.accessToken(user, id, amr, client.neverRefreshes),
      refreshToken,
      deviceToken,
    };
    return { tokens, at: opened.at, isNewDevice: opened.isNewDevice };
  }

  /**
   * The device's own lane if the address's user has signed in on it before, else `''`, the public
   * lane.
   */
  async laneForDevice(recipient: Recipient, deviceToken?: string): Promise<string> {
    const device = presentedDevice(deviceToken);
    if (!device) return '';
    const isRecognised = await this.devices.belongsToAddress(
      device,
      addressOf(recipient),
      isPhone(recipient),
    );
    return isRecognised ? `device:${device.id}` : '';
  }

  /** Exchanges a refresh token for the next one. After `replayed` the session has ended. */
  async refresh(refreshToken: string, { userAgent, ip }: Client): Promise<Refreshed> {
    const read = readRefreshToken(this.keyring, refreshToken);
    if (!read) return { outcome: 'refused' };
    const { sessionId, isGenuine } = read;
    const successors = deriveSuccessors(this.keyring, sessionId, refreshToken);
    const rotated = await this.sessions.refresh({
      sessionId,
      isGenuine,
      presented: sha256(refreshToken),
      successor: sha256(successors[0] ?? ''),
      userAgent,
      ip,
    });
    if (!rotated) return { outcome: 'refused' };
    const { userId, amr, refreshHash, replayed } = rotated;
    if (replayed) return { outcome: 'replayed', userId, sessionId };
    // A process with another APP_SECRET may have rotated the token first, to another successor.
    const successor = successors.find((token) => sha256(token).equals(refreshHash));
    if (!successor) return { outcome: 'refused' };
    return { outcome: 'refreshed', userId, sessionId, amr, refreshToken: successor };
  }

  accessToken(
    { id, roles }: Pick<SessionUser, 'id' | 'roles'>,
    sessionId: string,
    amr: string[],
    isLasting = false,
  ): Pick<Tokens, 'accessToken' | 'expiresIn'> {
    const expiresIn = this.config.ACCESS_TOKEN_TTL_SECONDS;
    const content = { userId: id, roles, sessionId, amr, isLasting };
    return { accessToken: signAccessToken(this.signing, content, expiresIn), expiresIn };
  }

  /**
   * The caller that an access token belongs to, or null. The roles in the token are current,
   * because a change of a user's roles ends the user's sessions. `acceptsLasting` accepts a lasting
   * token after its `exp`.
   */
  async authenticate(
    accessToken: string,
    { acceptsLasting }: { acceptsLasting: boolean },
  ): Promise<Caller | null> {
    const claims = await readAccessToken(this.signing, accessToken, { acceptsLasting });
    if (!claims) return null;
    const { sub: userId, sid: sessionId, roles, lasting } = claims;
    const session = await this.sessions.findLive(sessionId, userId);
    if (!session) return null;
    // No refresh shows that such a session is in use, so its requests do.
    if (lasting && session.isIdle) await this.sessions.touch(sessionId);
    return { userId, sessionId, roles, recentlyAuthenticated: session.recentlyAuthenticated };
  }

  /** Active sessions, the most recently used first. */
  list(userId: string): Promise<SessionRow[]> {
    return this.sessions.list(userId);
  }

  /** A page of all stored sessions, in the order of their sign-ins. */
  history(userId: string, after: string | undefined, count: number): Promise<PastSession[]> {
    return this.sessions.history(userId, after, count);
  }

  /** A page of the user's devices. */
  listDevices(userId: string, after: string | undefined, count: number): Promise<DeviceRow[]> {
    return this.devices.list(userId, after, count);
  }

  /** False when the user has no such active session. */
  end(sessionId: string, userId: string, reason: string): Promise<boolean> {
    return this.sessions.end(sessionId, userId, reason);
  }

  /**
   * Ends a user's sessions and, with `devices`, forgets the user's devices. A sign-in whose
   * credentials are already checked still opens its session afterwards, unless the transaction of
   * `manager` has raised `users.security_stamp` before this call.
   */
  async endAll(
    userId: string,
    reason: string,
    { manager, except, devices }: { manager?: EntityManager; except?: string; devices?: boolean } = {},
  ): Promise<void> {
    if (!manager)
      return this.dataSource.transaction((transaction) =>
        this.endAll(userId, reason, { manager: transaction, except, devices }),
      );
    // Every transaction locks in this order (user, devices, sessions), so they cannot deadlock.
    await this.sessions.lockUser(manager, userId);
    if (devices) await this.devices.forgetAll(manager, userId);
    await this.sessions.endAll(manager, userId, reason, except);
  }

  /** The device of the session is no longer recognised. Its sessions stay active. */
  forgetDevice(sessionId: string, userId: string): Promise<void> {
    return this.devices.forget(sessionId, userId);
  }
}

function presentedDevice(token: string | undefined): DeviceKey | null {
  const id = deviceIdOf(token);
  return id === null || token === undefined ? null : { id, tokenHash: sha256(token) };
}
