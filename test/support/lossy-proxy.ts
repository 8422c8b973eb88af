import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy in front of a server that counts requests and loses chosen replies. */
export class LossyProxy {
  /** Method and path of each request, such as `POST /auth/refresh`. */
  readonly requests: string[] = [];
  private readonly lost: { name: string; afterHeaders: boolean }[] = [];

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
        const lost = proxy.lost.findIndex((reply) => reply.name === name);
        const [how] = lost < 0 ? [] : proxy.lost.splice(lost, 1);
        if (!how || how.afterHeaders) outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
        if (!how) return reply.pipe(outgoing);
        if (how.afterHeaders) outgoing.write('{');
        // The server has done its work. Its client does not learn of it.
        return reply.resume().on('end', () => setTimeout(() => outgoing.destroy(), 10));
      });
      forwarded.on('error', () => outgoing.destroy());
      outgoing.on('close', () => forwarded.destroy());
      incoming.pipe(forwarded);
    });
    return proxy;
  }

  /**
   * Loses the next reply to this request. Browsers repeat a request at once when a connection that
   * they have used before ends without a reply, but not after the headers of one.
   */
  loseReply(name: string, { afterHeaders = false } = {}): void {
    this.lost.push({ name, afterHeaders });
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
