import type { FastifyInstance } from 'fastify';
import type { AppError } from '../common/app-error.js';

interface Texts {
  msg?: string;
  message?: string;
  detail?: string;
  code?: string;
}

/** Every reply that is an object has `msg`. */
const API_PATH = /^\/api(?:[/?#]|$)/;
/** Only problem documents have `msg`. */
const SIGN_IN_PATH = /^\/auth\/(?:send|verify)_otp(?:[?#]|$)/;

/** Used instead of `detail` when that offers a choice which clients of `/api` do not have. */
const TEXTS: Record<string, string> = {
  reauthentication_required: 'Please log in again, then set the new password.',
};

/** Adds `msg` to replies, because clients of older systems show it to their users. */
export function addMsg(fastify: FastifyInstance): void {
  fastify.addHook<object | null>('preSerialization', (request, _reply, payload, done) => {
    done(null, withMsg(request.routeOptions.url ?? request.url, payload));
  });
}

/** The payload of a reply with `msg`, where clients expect it. Lists stay lists. */
export function withMsg(path: string, payload: unknown): unknown {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return payload;
  const msg = textFor(path, payload);
  return msg === undefined ? payload : { ...payload, msg };
}

/** Examples for Swagger: the errors as clients of `/api` get them. */
export function problemsWithMsg(...errors: AppError[]): AppError[] {
  return errors.map((error) => error.with({ msg: textFor('/api', error) }));
}

function textFor(path: string, { msg, message, detail, code }: Texts): string | undefined {
  if (API_PATH.test(path)) return msg ?? TEXTS[code ?? ''] ?? detail ?? message;
  return SIGN_IN_PATH.test(path) ? detail : undefined;
}
