import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy in front of a server that counts requests and loses chosen replies. */
export class LossyProxy {
  /** Method and path of each request, such as `POST /auth/refresh`. */
  readonly requests: string[] = [];
  private readonly lost: string[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(target: string): Promise<LossyProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const proxy = new LossyProxy(server, `http://127.0.0.1:${port}`);
    server.on('request', (incoming, outgoing) => {
      const { method, url = '', headers } = incoming;
      const name = `${method} ${url}`;
      proxy.requests.push(name);
      const forwarded = request(target + url, { method, headers, agent: false }, (reply) => {
        const index = proxy.lost.indexOf(name);
        if (index < 0) return reply.pipe(outgoing.writeHead(reply.statusCode ?? 502, reply.headers));
        proxy.lost.splice(index, 1);
        // The server has done its work. Its client hears nothing.
        reply.resume().on('end', () => outgoing.destroy());
        return undefined;
      });
      forwarded.on('error', () => outgoing.destroy());
      outgoing.on('close', () => forwarded.destroy());
      incoming.pipe(forwarded);
    });
    return proxy;
  }

  /** Loses the next reply to this request. */
  loseReply(name: string): void {
    this.lost.push(name);
  }

  count(name: string): number {
    return this.requests.filter((request) => request === name).length;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
