import { newId } from '../common/random.js';
import type { Role } from '../http/access.js';
import type { Claims, SigningService } from '../signing/signing.service.js';

export interface AccessClaims extends Claims {
  sid: string;
  roles: Role[];
  /** For a client that never refreshes: accepted by some routes as long as its session lives. */
  lasting?: boolean;
}

const TYP = 'at+jwt';

/** The `amr` entry of sign-ins by a test identity. Their access tokens carry `test: true`. */
export const TEST = 'test';

interface AccessTokenContent {
  userId: string;
  roles: Role[];
  sessionId: string;
  amr: string[];
  isLasting?: boolean;
}

export function signAccessToken(
  signing: SigningService,
  { userId, roles, sessionId, amr, isLasting }: AccessTokenContent,
  expiresInSeconds: number,
): string {
  const claims = {
    sub: userId,
    sid: sessionId,
    jti: newId(),
    roles,
    amr,
    ...(amr.includes(TEST) && { test: true }),
    ...(isLasting && { lasting: true }),
  };
  return signing.sign(claims, { typ: TYP, expiresInSeconds });
}

/**
 * Null when the token is not a valid access token. A session that has ended is not noticed here.
 * With `acceptsLasting`, the `exp` of a lasting token is ignored.
 */
export async function readAccessToken(
  signing: SigningService,
  token: string,
  { acceptsLasting = false } = {},
): Promise<AccessClaims | null> {
  const acceptsExpired = (claims: AccessClaims) => acceptsLasting && claims.lasting === true;
  const read = () => signing.verify<AccessClaims>(token, { typ: TYP, acceptsExpired });
  return read() ?? ((await signing.loadKeyOf(token)) ? read() : null);
}

/** Whether the token was a valid access token until its `exp`. */
export function isExpiredAccessToken(
  signing: SigningService,
  token: string,
  { acceptsLasting = false } = {},
): boolean {
  const isValid = (acceptsAny: boolean) =>
    signing.verify<AccessClaims>(token, {
      typ: TYP,
      acceptsExpired: (claims) => acceptsAny || (acceptsLasting && claims.lasting === true),
    }) !== null;
  return isValid(true) && !isValid(false);
}
