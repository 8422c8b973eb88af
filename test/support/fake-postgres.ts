import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Self-signed, for localhost. The key protects nothing. */
export const LOCALHOST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUN+jJPrR/4isIPU2gc5qIoAUIs+swCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODA5MTYzNVoYDzIxMjYxMTA0
MDkxNjM1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASGobi7kLbArZyDEzLxwEgdtGL+I+u3AwF5lhi7O++b3IAVuUR/544j
Cc6OgquaHe+NoH6vZtMmMQaoZKUwCYzIo2kwZzAdBgNVHQ4EFgQUlWrIed4gaSS8
trV07msYzhtKuYYwHwYDVR0jBBgwFoAUlWrIed4gaSS8trV07msYzhtKuYYwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIgQLBbToJgqE1gyHifC5V4wYz6sup03ed6x8m+1+KfPdYCIQC+Aw30/gb1
1KKExsAHIMOXfE1hK+sQx4xyBevxxna+Qg==
-----END CERTIFICATE-----
`;
const LOCALHOST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgob3YubHAkiJR43vp
0M2rU5rfSbJH8HEYbu465pmp9HehRANCAASGobi7kLbArZyDEzLxwEgdtGL+I+u3
AwF5lhi7O++b3IAVuUR/544jCc6OgquaHe+NoH6vZtMmMQaoZKUwCYzI
-----END PRIVATE KEY-----
`;

const SSL_REQUEST = 80_877_103;
const [SASL, SASL_CONTINUE] = [10, 11];

interface Behaviour {
  tls?: boolean;
  /** Refuses the first connection with the first error, and so on. The last one repeats. */
  errors?: { code: string; message: string }[];
  /** Asks for a password. */
  scram?: boolean;
}

/** Speaks as much of PostgreSQL's protocol as a client needs to connect, or to be refused. */
export class FakePostgres {
  /** The startup parameters of each connection. */
  readonly connections: (Record<string, string> & { encrypted: string })[] = [];

  private constructor(
    private readonly server: Server,
    private readonly behaviour: Behaviour,
  ) {
    server.on('connection', (socket) => this.serve(socket));
  }

  static async start(behaviour: Behaviour = {}): Promise<FakePostgres> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FakePostgres(server, behaviour);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    this.server.close();
  }

  private serve(socket: Socket): void {
    socket.on('error', () => undefined);
    socket.once('data', (message) => {
      if (message.readInt32BE(4) !== SSL_REQUEST) return this.greet(socket, message);
      if (!this.behaviour.tls) {
        socket.write('N');
        socket.once('data', (next) => this.greet(socket, next));
        return;
      }
      socket.write('S');
      const options = { isServer: true, cert: LOCALHOST_CERTIFICATE, key: LOCALHOST_KEY };
      const encrypted = new TLSSocket(socket, options).on('error', () => undefined);
      encrypted.once('data', (next) => this.greet(encrypted, next));
    });
  }

  private greet(socket: Socket, startup: Buffer): void {
    const texts = startup.subarray(8).toString().split('\0');
    const parameters: Record<string, string> = {};
    for (let i = 0; texts[i]; i += 2) parameters[texts[i] ?? ''] = texts[i + 1] ?? '';
    this.connections.push({ ...parameters, encrypted: String(socket instanceof TLSSocket) });

    const { errors = [], scram } = this.behaviour;
    const error = errors[this.connections.length - 1] ?? errors.at(-1);
    if (error) return void socket.end(message('E', `SFATAL\0C${error.code}\0M${error.message}\0\0`));
    if (scram) {
      socket.write(message('R', Buffer.from([0, 0, 0, SASL]), 'SCRAM-SHA-256\0\0'));
      socket.once('data', () => socket.write(message('R', Buffer.from([0, 0, 0, SASL_CONTINUE]), 'r=x')));
      return;
    }
    socket.write(Buffer.concat([message('R', Buffer.alloc(4)), message('Z', 'I')]));
  }
}

function message(type: string, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}
