import type { FastifyReply } from 'fastify';

/**
 * Limits per minute beside the one per address. Each method counts one use and throws `rate_limited`
 * if there were too many.
 */
export abstract class RequestLimits {
  /** Counts a request with a valid access token, and tells the user about the limit. */
  abstract countRequest(userId: string, reply: FastifyReply): Promise<void>;

  /**
   * Counts an invalid access token of a network. Requests with a valid token are not counted, so many
   * people can share one network.
   */
  abstract countFailedToken(ip: string): Promise<void>;

  /** Counts a password that is hashed for a network. */
  abstract countHash(ip: string): Promise<void>;
}
