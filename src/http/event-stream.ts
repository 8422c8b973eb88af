import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Replies with a stream of server-sent events. */
export function replyWithEvents({ method }: FastifyRequest, reply: FastifyReply, stream: Readable): void {
  // The deadline of the request may have passed meanwhile.
  if (method === 'HEAD' || reply.sent) stream.destroy();
  // `no-transform` and X-Accel-Buffering stop proxies from buffering events.
  void reply
    .headers({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      connection: 'close',
    })
    .send(method === 'HEAD' ? undefined : stream);
}
