import { newId } from '../common/random.js';
import type { Role } from '../http/access.js';
import type { Claims, SigningService } from '../signing/signing.service.js';

export interface AccessClaims extends Claims {
  sid: string;
  roles: Role[];
}

const TYP = 'at+jwt';

/** The `amr` entry of sign-ins by a test identity. Their access tokens carry `test: true`. */
export const TEST = 'test';

export function signAccessToken(
  signing: SigningService,
  { userId, roles, sessionId, amr }: { userId: string; roles: Role[]; sessionId: string; amr: string[] },
  expiresInSeconds: number,
): string {
  return signing.sign(
    { sub: userId, sid: sessionId, jti: newId(), roles, amr, ...(amr.includes(TEST) && { test: true }) },
    { typ: TYP, expiresInSeconds },
  );
}

/**
 * Null when the token is not a valid access token. A session that has ended is not noticed here.
 */
export async function readAccessToken(signing: SigningService, token: string): Promise<AccessClaims | null> {
  const read = () => signing.verify<AccessClaims>(token, { typ: TYP });
  return read() ?? ((await signing.loadKeyOf(token)) ? read() : null);
}
