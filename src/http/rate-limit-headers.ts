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
  set(reply, 'ratelimit-policy', `"${name}"`, `;q=${limit};w=${windowSeconds}`);
  set(reply, 'ratelimit', `"${name}"`, `;r=${remaining};t=${resetSeconds}`);
}

/** Replaces an earlier item of the same name, because a request can send several messages. */
function set(reply: FastifyReply, header: string, name: string, values: string): void {
  const items = reply.getHeader(header);
  const others = items === undefined ? [] : String(items).split(', ');
  void reply.header(header, [...others.filter((item) => !item.startsWith(name)), name + values].join(', '));
}
