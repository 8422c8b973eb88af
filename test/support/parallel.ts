import { once } from 'node:events';
import { request, type Agent } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Call {
  /** Default: POST. */
  method?: string;
  path: string;
  body: object;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

const OPENED_AT_ONCE = 100;

/** Keep-alive connections, spread over several servers, that let go of their requests together. */
export class Volley {
  private constructor(private readonly lines: Line[]) {}

  static async open(urls: string[], count: number): Promise<Volley> {
    const lines: Line[] = [];
    while (lines.length < count) {
      const size = Math.min(OPENED_AT_ONCE, count - lines.length);
      const opened = Array.from({ length: size }, (_, i) => {
        return Line.open(urls[(lines.length + i) % urls.length] ?? '');
      });
      lines.push(...(await Promise.all(opened)));
    }
    return new Volley(lines);
  }

  /**
   * Last-byte sync: every request arrives but for its last byte, then the last bytes go out in one loop. Rejects when
   * a connection ends without an answer.
   */
  async fire(calls: Call[]): Promise<Reply[]> {
    if (calls.length > this.lines.length) throw new Error('more calls than connections');
    const loaded = this.lines.slice(0, calls.length);
    await Promise.all(loaded.map((line, i) => line.load(calls[i] as Call)));
    return Promise.all(loaded.map((line) => line.release()));
  }

  close(): void {
    this.lines.forEach((line) => line.close());
  }
}

/** One connection. */
class Line {
  private received = Buffer.alloc(0);
  private lastByte = '';
  private answer?: { resolve: (reply: Reply) => void; reject: (error: Error) => void };

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error) => this.answer?.reject(error));
    socket.on('close', () => this.answer?.reject(new Error('closed without an answer')));
  }

  static async open(url: string): Promise<Line> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    return new Line(socket);
  }

  load({ method = 'POST', path, body }: Call): Promise<void> {
    const json = JSON.stringify(body);
    const head = [
      `${method} ${path} HTTP/1.1`,
      'host: 127.0.0.1',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(json)}`,
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
      this.answer = { resolve, reject };
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
    this.answer?.resolve({ status: Number(statusLine.split(' ')[1]), headers, body: json });
    this.answer = undefined;
  }
}

/** One request on its own; rejects when the connection ends without an answer. */
export function post(url: string, { method = 'POST', path, body }: Call, agent: Agent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const json = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) };
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

/** Runs `work` again and again, so many at a time, until it returns false. */
export async function inParallel(count: number, work: () => Promise<boolean>): Promise<void> {
  const worker = async () => {
    while (await work());
  };
  await Promise.all(Array.from({ length: count }, worker));
}

/** How often each answer came: `{ '200': 1, '404 otp_not_found': 999 }`. */
export function tally(replies: Pick<Reply, 'status' | 'body'>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of replies) {
    const answer = typeof body.code === 'string' ? `${status} ${body.code}` : String(status);
    counts[answer] = (counts[answer] ?? 0) + 1;
  }
  return counts;
}
