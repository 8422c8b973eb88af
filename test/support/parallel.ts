import { once } from 'node:events';
import { request, type Agent } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Call {
  /** Default: POST. */
  method?: string;
  path: string;
  body: object;
  headers?: Record<string, string>;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

const OPENED_AT_ONCE = 100;

/** Keep-alive connections to several servers that send their requests at the same moment. */
export class Volley {
  private constructor(private readonly connections: Connection[]) {}

  static async open(urls: string[], count: number): Promise<Volley> {
    const connections: Connection[] = [];
    while (connections.length < count) {
      const size = Math.min(OPENED_AT_ONCE, count - connections.length);
      const opened = Array.from({ length: size }, (_, i) => {
        return Connection.open(urls[(connections.length + i) % urls.length] ?? '');
      });
      connections.push(...(await Promise.all(opened)));
    }
    return new Volley(connections);
  }

  /**
   * Last-byte synchronisation: sends all requests without their last byte, then sends the last
   * bytes in one loop. Rejects if a connection ends without a reply.
   */
  async fire(calls: Call[]): Promise<Reply[]> {
    if (calls.length > this.connections.length) throw new Error('more calls than connections');
    const loaded = this.connections.slice(0, calls.length);
    await Promise.all(loaded.map((connection, i) => connection.load(calls[i] as Call)));
    return Promise.all(loaded.map((connection) => connection.release()));
  }

  close(): void {
    this.connections.forEach((connection) => connection.close());
  }
}

/** One connection that holds back the last byte of a request. */
class Connection {
  private received = Buffer.alloc(0);
  private lastByte = '';
  private pending?: { resolve: (reply: Reply) => void; reject: (error: Error) => void };

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error) => this.pending?.reject(error));
    socket.on('close', () => this.pending?.reject(new Error('closed without a reply')));
  }

  static async open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    return new Connection(socket);
  }

  load({ method = 'POST', path, body, headers = {} }: Call): Promise<void> {
    const json = JSON.stringify(body);
    const head = [
      `${method} ${path} HTTP/1.1`,
      'host: 127.0.0.1',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(json)}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ].join('\r\n');
    this.lastByte = json.slice(-1);
    return new Promise((resolve, reject) => {
      this.socket.write(`${head}\r\n\r\n${json.slice(0, -1)}`, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  release(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
      this.socket.write(this.lastByte);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    const end = this.received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const [statusLine = '', ...fields] = this.received.toString('latin1', 0, end).split('\r\n');
    const headers = Object.fromEntries(
      fields.map((field) => {
        const colon = field.indexOf(':');
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
      }),
    );
    const length = Number(headers['content-length'] ?? 0);
    const body = this.received.subarray(end + 4);
    if (body.length < length) return;
    this.received = body.subarray(length);
    const json = JSON.parse(body.toString('utf8', 0, length) || '{}') as Record<string, unknown>;
    this.pending?.resolve({ status: Number(statusLine.split(' ')[1]), headers, body: json });
    this.pending = undefined;
  }
}

/** Sends one request. Rejects if the connection ends without a reply. */
export function post(
  url: string,
  { method = 'POST', path, body, headers: more }: Call,
  agent: Agent,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const json = JSON.stringify(body);
    const headers = {
      ...more,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(json),
    };
    const sent = request(url + path, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          body: JSON.parse(text || '{}') as Record<string, unknown>,
        });
      });
    });
    sent.on('error', reject).end(json);
  });
}

/** Runs `count` workers that each repeat `work` until it returns false. */
export async function inParallel(count: number, work: () => Promise<boolean>): Promise<void> {
  const worker = async () => {
    while (await work());
  };
  await Promise.all(Array.from({ length: count }, worker));
}

/** Counts replies by status and error code: `{ '200': 1, '404 otp_not_found': 999 }`. */
export function tally(replies: Pick<Reply, 'status' | 'body'>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of replies) {
    const answer = typeof body.code === 'string' ? `${status} ${body.code}` : String(status);
    counts[answer] = (counts[answer] ?? 0) + 1;
  }
  return counts;
}
