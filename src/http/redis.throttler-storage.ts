import { setTimeout as wait } from 'node:timers/promises';
import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ThrottlerStorageService, type ThrottlerStorage } from '@nestjs/throttler';
import { createClient } from '@redis/client';
import type { Keyring } from '../common/keyring.js';

/** Without a reply for so long, the client drops the connection and requests stop waiting. */
const SILENCE_MS = 800;
/** Between attempts to connect. */
const RETRY_MS = 1_000;

/**
 * Counts for a minute from the first request. The first request over the limit starts a minute of
 * refusals. Redis runs a script as one step, so the limit is exact for any number of processes.
 */
const COUNT = `
  local hits = redis.call('incr', KEYS[1])
  if hits == 1 or hits == tonumber(ARGV[1]) + 1 then redis.call('pexpire', KEYS[1], ARGV[2]) end
  return {hits, redis.call('pttl', KEYS[1])}`;

type Hits = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** One count for all processes. Best effort: while Redis is down, each process counts by itself. */
export class RedisThrottlerStorage implements ThrottlerStorage, OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('SharedLimits');
  private readonly local = new ThrottlerStorageService();
  private readonly redis;
  private isAway = false;

  constructor(
    url: string,
    private readonly keyring: Keyring,
  ) {
    this.redis = createClient({
      url,
      socket: { connectTimeout: 2_000, socketTimeout: SILENCE_MS, reconnectStrategy: RETRY_MS },
      // Keeps an idle connection from being silent.
      pingInterval: SILENCE_MS / 3,
      disableOfflineQueue: true,
    })
      .on('error', (error) => this.away(error))
      .on('ready', () => this.back());
  }

  /** Waits for the connection, so that the first requests are shared, but starts without Redis too. */
  async onModuleInit(): Promise<void> {
    const connected = this.redis.connect().catch((error: unknown) => this.away(error));
    await Promise.race([connected, wait(RETRY_MS, undefined, { ref: false })]);
  }

  onApplicationShutdown(): void {
    this.redis.destroy();
    this.local.onApplicationShutdown();
  }

  async increment(address: string, ttl: number, limit: number, block: number, name: string): Promise<Hits> {
    if (!this.redis.isReady) return this.local.increment(address, ttl, limit, block, name);
    try {
      const options = { keys: [this.keyOf(address)], arguments: [String(limit), String(ttl)] };
      const [totalHits, milliseconds] = (await this.redis.eval(COUNT, options)) as [number, number];
      this.back();
      const seconds = Math.ceil(milliseconds / 1_000);
      const isBlocked = totalHits > limit;
      return { totalHits, timeToExpire: seconds, isBlocked, timeToBlockExpire: seconds };
    } catch (error) {
      this.away(error);
      return this.local.increment(address, ttl, limit, block, name);
    }
  }

  /** Redis is often shared and backed up, so it gets a keyed digest instead of the address. */
  private keyOf(address: string): string {
    return `otp:ip:${this.keyring.mac('ip limit', address).toString('base64url')}`;
  }

  private away(error: unknown): void {
    if (this.isAway) return;
    this.isAway = true;
    this.logger.warn({
      msg: 'redis is away: limits per address count in each process',
      error: nameOf(error),
    });
  }

  private back(): void {
    if (this.isAway) this.logger.log({ msg: 'redis is back: limits per address are shared again' });
    this.isAway = false;
  }
}

/** For example ECONNREFUSED or WRONGPASS. A message may contain the URL with its password. */
function nameOf(error: unknown): string {
  const { code, message = '', name } = error as NodeJS.ErrnoException;
  return code ?? /^[A-Z]{2,}(?= )/.exec(message)?.[0] ?? name;
}
