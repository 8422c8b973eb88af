import type { Socket } from 'node:net';
import { newId } from '../common/random.js';
import { CommonError } from './common.errors.js';
import { toProblem } from './problem.js';

/** Malformed and timed-out requests never reach Fastify, so this replies on the raw socket. */
export function replyToMalformedRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const known =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? CommonError.requestTimeout() : CommonError.malformedRequest();
  const problem = toProblem(known, newId());
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${problem.title}`,
      'content-type: application/problem+json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      'cache-control: no-store',
      `x-request-id: ${problem.requestId}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
