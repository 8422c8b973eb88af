import { request as send } from 'node:http';

export interface RawReply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

interface RawRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** Sends a request exactly as given. Other clients normalise the path, the headers or the body. */
export function raw(
  url: string,
  path: string,
  { method = 'POST', headers, body }: RawRequest = {},
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const outgoing = send({ hostname, port, path, method, headers, setHost: !headers?.host }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Sends a raw request with a JSON body. */
export function rawJson(url: string, path: string, body: unknown): Promise<RawReply> {
  return raw(url, path, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
