import type { FastifyReply } from 'fastify';

/** The use of a limit that is the caller's own. */
export interface Quota {
  /** What it counts by. */
  name: 'address' | 'user' | 'application';
  limit: number;
  remaining: number;
  windowSeconds: number;
  /** Until the whole limit is available again. */
  resetSeconds: number;
}

/**
 * Tells the caller about a limit (draft-ietf-httpapi-ratelimit-headers-10). A reply can have several.
 * Limits per recipient have no headers, because they would tell what others do.
 */
export function addQuota(reply: FastifyReply, quota: Quota): void {
  const { name, limit, remaining, windowSeconds, resetSeconds } = quota;
  append(reply, 'ratelimit-policy', `"${name}";q=${limit};w=${windowSeconds}`);
  append(reply, 'ratelimit', `"${name}";r=${remaining};t=${resetSeconds}`);
}

function append(reply: FastifyReply, header: string, item: string): void {
  const items = reply.getHeader(header);
  void reply.header(header, items === undefined ? item : `${String(items)}, ${item}`);
}
