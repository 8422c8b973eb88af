import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { networkOf } from '../common/client-network.js';
import { programOf } from '../common/client-program.js';
import { sha256 } from '../common/digest.js';
import { newId } from '../common/random.js';
import type { Caller, Role } from '../http/access.js';
import type { Client } from '../http/client.js';
import { Keyring } from '../common/keyring.js';
import { addressOf, isPhone, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { SigningService } from '../signing/signing.service.js';
import { isExpiredAccessToken, readAccessToken, signAccessToken } from './access-token.js';
import { DeviceRepository, type Claimant, type DeviceKey, type DeviceRow } from './device.repository.js';
import { deviceIdOf, createDeviceToken, deriveNextTokens } from './device-token.js';
import { createRefreshToken, readRefreshToken, deriveSuccessors } from './refresh-token.js';
import {
  SessionRepository,
  type OpenedSession,
  type PastSession,
  type SessionRow,
} from './session.repository.js';

export { TEST } from './access-token.js';
export type { Claimant } from './device.repository.js';

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
  /** Identifies the device at the next sign-in, where another one replaces it. It grants no access. */
  deviceToken: string;
}

export interface Opened {
  tokens: Tokens;
  at: Date;
  /**
   * The device was not recognised, and the user has other devices; or it was recognised, but both
   * its network and its program differ from its last sign-in, so its token may have been stolen.
   */
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
    const salt = newId();
    const [nextToken] = this.nextDeviceTokens(client.deviceToken, salt);
    const opened = await this.sessions.open({
      id,
      userId: user.id,
      securityStamp: user.securityStamp,
      refreshHash: sha256(refreshToken),
      lifeSeconds: this.config.REFRESH_TOKEN_TTL_SECONDS,
      amr,
      userAgent: client.userAgent,
      ip: client.ip,
      network: networkOf(client.ip),
      program: programOf(client.userAgent),
      presentedDevice: presentedDevice(client.deviceToken),
      nextDevice: nextToken === undefined ? null : { tokenHash: sha256(nextToken), salt },
      newDevice: { id: newDevice.id, tokenHash: sha256(newDevice.token) },
    });
    if (!opened) return null;
    const isAdded = opened.deviceId === newDevice.id;
    if (isAdded) await this.forgetOldestDevices(user.id);
    const tokens: Tokens = {
      tokenType: 'Bearer',
      ...this.accessToken(user, id, amr, client.neverRefreshes),
      refreshToken,
      deviceToken: isAdded ? newDevice.token : this.newestDeviceToken(client.deviceToken, opened),
    };
    return { tokens, at: opened.at, isNewDevice: opened.isNewDevice };
  }

  /** The tokens that may replace the presented one. None if it is malformed or missing. */
  private nextDeviceTokens(token: string | undefined, salt: string | null): string[] {
    const id = deviceIdOf(token);
    if (token === undefined || id === null || salt === null) return [];
    return deriveNextTokens(this.keyring, { id, token, salt });
  }

  /**
   * The newest token of a recognised device. A process with another APP_SECRET may have issued it at
   * the same moment; then the presented token is returned, which is still recognised.
   */
  private newestDeviceToken(presented = '', { deviceHash, deviceSalt }: OpenedSession): string {
    const tokens = this.nextDeviceTokens(presented, deviceSalt);
    return tokens.find((token) => deviceHash?.equals(sha256(token))) ?? presented;
  }

  /**
   * Of sign-ins on new devices that race, each one comes here after its device was committed. The
   * last one to get the lock sees all of them, so ten are left.
   */
  private forgetOldestDevices(userId: string): Promise<void> {
    return this.dataSource.transaction(async (manager) => {
      await this.sessions.lockUser(manager, userId);
      await this.devices.forgetOldest(manager, userId);
    });
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

  /** Whether the address's user has signed in on the device before. */
  async isRecognised(recipient: Recipient, deviceToken?: string): Promise<boolean> {
    return (await this.laneForDevice(recipient, deviceToken)) !== '';
  }

  /**
   * The account that claims the phone number and that the request shows evidence of: the session of
   * its access token, or else its recognised device. The security stamp is read together with the
   * evidence, because a change that ends sessions or forgets devices raises it.
   */
  async findClaimant(phone: string, caller?: Caller, deviceToken?: string): Promise<Claimant | null> {
    const device = presentedDevice(deviceToken);
    return (
      (caller && (await this.sessions.findClaimant(caller.sessionId, phone))) ??
      (device && (await this.devices.findClaimant(device, phone)))
    );
  }

  /** Exchanges a refresh token for the next one. After `replayed` the session has ended. */
  async refresh(refreshToken: string, { userAgent, ip, deviceToken }: Client): Promise<Refreshed> {
    const read = readRefreshToken(this.keyring, refreshToken);
    if (!read) return { outcome: 'refused' };
    const { sessionId, isGenuine } = read;
    const successorsWith = (salt: string) =>
      deriveSuccessors(this.keyring, { sessionId, token: refreshToken, salt });
    const successorSalt = newId();
    const rotated = await this.sessions.refresh({
      sessionId,
      isGenuine,
      presented: sha256(refreshToken),
      successor: sha256(successorsWith(successorSalt)[0] ?? ''),
      successorSalt,
      retrySeconds: this.config.REFRESH_RETRY_SECONDS,
      userAgent,
      ip,
      network: networkOf(ip),
      program: programOf(userAgent),
      presentedDevice: presentedDevice(deviceToken),
    });
    if (!rotated) return { outcome: 'refused' };
    const { userId, amr, refreshHash, replayed } = rotated;
    if (replayed) return { outcome: 'replayed', userId, sessionId };
    // A parallel request may have issued the successor, also in a process with another APP_SECRET.
    const successor = successorsWith(rotated.successorSalt).find((token) =>
      sha256(token).equals(refreshHash),
    );
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
   * The caller that an access token belongs to, or null. `acceptsLasting` accepts a lasting token
   * after its `exp`.
   */
  async authenticate(
    accessToken: string,
    { acceptsLasting }: { acceptsLasting: boolean },
  ): Promise<Caller | null> {
    const claims = await readAccessToken(this.signing, accessToken, { acceptsLasting });
    if (!claims) return null;
    const { sub: userId, sid: sessionId, lasting } = claims;
    const session = await this.sessions.findLive(sessionId, userId);
    if (!session) return null;
    // No refresh shows that such a session is in use, so its requests do.
    if (lasting && session.isIdle) await this.sessions.touch(sessionId);
    const { roles, recentlyAuthenticated } = session;
    return { userId, sessionId, roles, recentlyAuthenticated };
  }

  /**
   * Whether a token that `authenticate` refused was valid until it expired. Its client does nothing
   * wrong: it finds out that it has to refresh.
   */
  hasExpired(accessToken: string, options: { acceptsLasting: boolean }): boolean {
    return isExpiredAccessToken(this.signing, accessToken, options);
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
