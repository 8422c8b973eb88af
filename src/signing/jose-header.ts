/**
 * The only header fields that this server writes. A token with any other field is refused, above
 * all with one that names a key (`jku`, `jwk`, `x5c`) or demands an extension (`crit`).
 */
const FIELDS = new Set(['alg', 'typ', 'kid']);

/**
 * The header of a compact JWS, or null when it is malformed or has a field that is not in FIELDS.
 */
export function readJoseHeader(token: string): Record<string, unknown> | null {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString());
    if (typeof header !== 'object' || header === null || Array.isArray(header)) return null;
    return Object.keys(header).every((name) => FIELDS.has(name)) ? (header as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
