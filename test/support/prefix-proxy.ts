import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy that serves a server below a path that the server does not know. */
export class PrefixProxy {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(target: string, prefix: string): Promise<PrefixProxy> {
    const server = createServer((incoming, reply) => {
      const { url = '', method, headers } = incoming;
      if (!url.startsWith(`${prefix}/`)) return void reply.writeHead(404).end();
      const outgoing = request(target + url.slice(prefix.length), { method, headers }, (answer) => {
        reply.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(reply);
      });
      outgoing.on('error', () => reply.destroy());
      incoming.pipe(outgoing);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PrefixProxy(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
