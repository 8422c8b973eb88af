import { once } from 'node:events';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface PageServer {
  port: number;
  stop: () => Promise<void>;
}

/** Serves an empty page, and the client package at `/client/`. `headers` are those of the page. */
export async function servePages(headers: Record<string, string> = {}): Promise<PageServer> {
  const server = createServer((request, reply) => {
    const path = new URL(request.url ?? '', 'http://localhost').pathname;
    if (!path.startsWith('/client/'))
      return void reply.writeHead(200, { 'content-type': 'text/html', ...headers }).end('<!doctype html>');
    readFile(join('packages/client/dist', path.slice('/client/'.length))).then(
      (file) => reply.writeHead(200, { 'content-type': 'text/javascript' }).end(file),
      () => reply.writeHead(404).end(),
    );
  });
  server.listen(0);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
