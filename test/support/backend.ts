import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decode } from './jws.js';

/**
 * A customer's backend that verifies tokens. It knows only the key set's address, the issuer and
 * its own audience. It accepts access tokens at `/` and proofs at `/proof`.
 */
export class Backend {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(keySetUrl: string, issuer: string, audience: string): Promise<Backend> {
    const { keys } = (await (await fetch(keySetUrl)).json()) as {
      keys: (JsonWebKey & { kid: string })[];
    };
    const keysById = new Map(keys.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })]));
    const accepts = (token: string, typ: string) => {
      const [head, body, signature = '', ...extraParts] = token.split('.');
      const { alg, typ: actualType, kid, crit } = decode(head);
      const key = keysById.get(kid as string);
      if (alg !== 'ES256' || actualType !== typ || crit !== undefined || !key || extraParts.length > 0)
        return false;
      const isSigned = verify(
        'sha256',
        Buffer.from(`${head}.${body}`),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
      const { iss, aud, exp, nbf = 0 } = decode(body);
      const isInTime =
        Number.isSafeInteger(exp) &&
        (exp as number) > Date.now() / 1000 &&
        (nbf as number) <= Date.now() / 1000;
      return isSigned && iss === issuer && aud === audience && isInTime;
    };
    const server = createServer(({ url, headers }, reply) => {
      const token = headers.authorization?.replace(/^Bearer /, '') ?? '';
      try {
        reply.statusCode = accepts(token, url === '/proof' ? 'otp-proof+jwt' : 'at+jwt') ? 200 : 401;
      } catch {
        reply.statusCode = 401;
      }
      reply.end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new Backend(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async answer(path: '/' | '/proof', token: string): Promise<number> {
    return (await fetch(this.url + path, { headers: { authorization: `Bearer ${token}` } })).status;
  }

  stop(): void {
    this.server.close();
  }
}
