import { isIP } from 'node:net';
// The main file of the package would also load Nest.
import { normalizeIp } from '@nestjs/throttler/dist/ip.js';

/**
 * The unit that per-address limits count: an IPv4 address, or the /64 of an IPv6 address, because a
 * provider gives each customer at least that much. Invalid addresses share one name.
 */
export function networkOf(ip: string): string {
  return isIP(ip) === 0 ? 'unknown' : normalizeIp(ip);
}
