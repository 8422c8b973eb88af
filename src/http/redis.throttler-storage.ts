import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ThrottlerStorageService, type ThrottlerStorage } from '@nestjs/throttler';
import { createClient } from '@redis/client';
import type { Keyring } from '../common/keyring.js';

/** A request waits this long for Redis, then it is counted in this process alone. */
const WAIT_MS = 500;
/** Between attempts to reach a Redis that is away. */
const RETRY_MS = 1_000;

/**
 * Counts a minute from the first request; the one that is too many starts a minute of refusals. A script is one step
 * for Redis, so of any number of requests through any number of processes exactly the limit is let through.
 */
const COUNT = `
  local hits = redis.call('incr', KEYS[1])
  if hits == 1 or hits == tonumber(ARGV[1]) + 1 then redis.call('pexpire', KEYS[1], ARGV[2]) end
  return {hits, redis.call('pttl', KEYS[1])}`;

type Hits = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * One count for all processes. It protects and is no part of what is right: while Redis is away every process goes on
 * with a count of its own, as without Redis.
 */
export class RedisThrottlerStorage implements ThrottlerStorage, OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('SharedLimits');
  private readonly own = new ThrottlerStorageService();
  private redis: ReturnType<typeof this.connection>;
  private isAway = false;
  private retry?: NodeJS.Timeout;

  constructor(
    private readonly url: string,
    private readonly keyring: Keyring,
  ) {
    this.redis = this.connection();
  }

  /** Lets the first requests be shared ones, and starts all the same where Redis is not there. */
  async onModuleInit(): Promise<void> {
    const patience = new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    await Promise.race([this.connect(), patience]);
  }

  onApplicationShutdown(): void {
    clearTimeout(this.retry);
    this.redis.destroy();
    this.own.onApplicationShutdown();
  }

  async increment(address: string, ttl: number, limit: number, block: number, name: string): Promise<Hits> {
    const redis = this.redis;
    if (!redis.isReady) return this.own.increment(address, ttl, limit, block, name);
    try {
      const options = { keys: [this.keyOf(address)], arguments: [String(limit), String(ttl)] };
      const [totalHits = 0, milliseconds = 0] = await inTime(redis.eval(COUNT, options));
      const seconds = Math.ceil(milliseconds / 1_000);
      return { totalHits, timeToExpire: seconds, isBlocked: totalHits > limit, timeToBlockExpire: seconds };
    } catch (error) {
      this.leave(redis, error);
      return this.own.increment(address, ttl, limit, block, name);
    }
  }

  /** Redis is often shared and kept in backups: it holds no address of anybody, and for a minute what stands for one. */
  private keyOf(address: string): string {
    return `otp:ip:${this.keyring.mac('ip limit', address).toString('base64url')}`;
  }

  private connection() {
    return createClient({
      url: this.url,
      // Whoever says nothing for so long, not even to a ping or to the greeting, is given up.
      socket: { connectTimeout: 2_000, socketTimeout: 5_000, reconnectStrategy: RETRY_MS },
      pingInterval: 2_000,
      disableOfflineQueue: true,
    })
      .on('error', (error) => this.away(error))
      .on('ready', () => this.back());
  }

  private connect(): Promise<unknown> {
    return this.redis.connect().catch((error: unknown) => this.away(error));
  }

  /** Who does not answer may be gone without a word: another connection has to be answered before it is used. */
  private leave(redis: typeof this.redis, error: unknown): void {
    this.away(error);
    if (redis !== this.redis) return;
    redis.destroy();
    this.redis = this.connection();
    this.retry = setTimeout(() => void this.connect(), RETRY_MS);
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

/** After the time is up, what has arrived meanwhile is still read: it may be this process that was busy. */
function inTime(reply: Promise<unknown>): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const late = () => setImmediate(() => reject(new Error('TIMEOUT of a reply')));
    const timer = setTimeout(late, WAIT_MS);
    reply.then((hits) => resolve(hits as number[]), reject).finally(() => clearTimeout(timer));
  });
}

/** ECONNREFUSED, WRONGPASS, TIMEOUT: a message may hold the address of Redis, which holds its password. */
function nameOf(error: unknown): string {
  const { code, message = '', name } = error as NodeJS.ErrnoException;
  return code ?? /^[A-Z]{2,}(?= )/.exec(message)?.[0] ?? name;
}
