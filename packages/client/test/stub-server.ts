import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StubRequest {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: Record<string, unknown>;
}

export interface StubReply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** A server whose replies a test decides. */
export class StubServer {
  readonly requests: StubRequest[] = [];
  reply: (request: StubRequest) => StubReply | Promise<StubReply> = () => ({ status: 404 });

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<StubServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stub = new StubServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (incoming, outgoing) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of incoming) chunks.push(chunk as Buffer);
        const text = Buffer.concat(chunks).toString();
        const request = {
          method: incoming.method ?? '',
          path: incoming.url ?? '',
          headers: incoming.headers,
          body: (text ? JSON.parse(text) : {}) as Record<string, unknown>,
        };
        stub.requests.push(request);
        const { status = 200, headers, body } = await stub.reply(request);
        const isText = typeof body === 'string';
        outgoing.writeHead(status, {
          'content-type': isText ? 'text/html' : 'application/json',
          ...headers,
        });
        outgoing.end(isText ? body : JSON.stringify(body));
      })();
    });
    return stub;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
