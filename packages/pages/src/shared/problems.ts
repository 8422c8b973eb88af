import { Problem } from '@otp-auth/client';
import type sharedTexts from '../texts/shared/en.json';
import { duration, fill } from './texts.js';

type SharedTexts = typeof sharedTexts;

/** What a person can do about a refusal that is not special to one page. */
export function explain(error: unknown, texts: SharedTexts): string {
  if (!(error instanceof Problem)) return texts.ourFault;
  const { code, status, retryAfter } = error;
  const time = retryAfter && retryAfter > 1 ? duration(retryAfter) : texts.moment;
  if (code === 'network_error') return texts.offline;
  if (code === 'account_disabled') return texts.accountDisabled;
  if (code === 'account_closed') return texts.accountClosed;
  if (status === 429) return fill(texts.tooMany, { time });
  if (status === 503) return fill(texts.busy, { time });
  return texts.ourFault;
}

/** The code of a refusal by the server, if it is one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Problem ? error.code : undefined;
}

/** The fields of the request that the server refuses, by the names of the API. */
export function refusedFields(error: unknown): string[] {
  if (!(error instanceof Problem)) return [];
  const { errors = [] } = error as unknown as { errors?: { field: string }[] };
  return errors.map(({ field }) => field);
}
