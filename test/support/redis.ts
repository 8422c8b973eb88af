import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { createClient } from '@redis/client';

/** The Redis server for tests. */
export const REDIS_URL = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';

const newClient = () => createClient({ url: REDIS_URL });
type Redis = ReturnType<typeof newClient>;

export type RedisState = 'works' | 'hangs' | 'is down';

/** A proxy in front of Redis, with its own Redis user. Its connections can hang or break. */
export class RedisProxy {
  private state: RedisState = 'works';
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly redis: Redis,
    readonly url: string,
    readonly password: string,
    private readonly user: string,
    private readonly server: Server,
    /** Environment variables that make a server trust the proxy's certificate. */
    readonly trust: Record<string, string>,
  ) {
    server.on(trust.NODE_EXTRA_CA_CERTS ? 'secureConnection' : 'connection', (socket: Socket) =>
      this.forward(socket),
    );
  }

  static async open({ tls = false } = {}): Promise<RedisProxy> {
    const redis = newClient();
    await redis.connect();
    const user = `otp-test-${randomUUID()}`;
    const password = `p@ss/${randomUUID()}`;
    await redis.aclSetUser(user, ['on', `>${password}`, '~otp:*', '+@all']);
    const folder = tls ? createCertificate() : '';
    const server = tls
      ? createTlsServer({
          key: readFileSync(join(folder, 'key.pem')),
          cert: readFileSync(join(folder, 'cert.pem')),
        })
      : createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `${tls ? 'rediss' : 'redis'}://${user}:${encodeURIComponent(password)}@localhost:${port}`;
    const trust: Record<string, string> = tls ? { NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') } : {};
    return new RedisProxy(redis, url, password, user, server, trust);
  }

  become(state: RedisState): void {
    this.state = state;
    if (state === 'is down') this.sockets.forEach((socket) => socket.destroy());
  }

  async close(): Promise<void> {
    this.become('is down');
    this.server.close();
    await this.redis.aclDelUser(this.user);
    this.redis.destroy();
  }

  private forward(client: Socket): void {
    if (this.state === 'is down') return void client.destroy();
    const { hostname, port } = new URL(REDIS_URL ?? '');
    const redis = connect(Number(port || 6379), hostname);
    for (const [from, to] of [
      [client, redis],
      [redis, client],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (chunk: Buffer) => this.state === 'works' && to.write(chunk));
      from.on('close', () => to.destroy());
      from.on('error', () => undefined);
    }
  }
}

function createCertificate(): string {
  const folder = mkdtempSync(join(tmpdir(), 'otp-tls-'));
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  execFileSync('openssl', [...request, ...names, ...files], { stdio: 'ignore' });
  return folder;
}
