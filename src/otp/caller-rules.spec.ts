import { AppError } from '../common/app-error.js';
import type { Config } from '../config/config.js';
import type { ClientApplication } from '../http/client.js';
import { CallerRules, type CallerFields } from './caller-rules.js';

const CONTEXT = { context: { payee: 'Acme' } };
const METADATA = { metadata: { order: '1' } };
const CLIENT_IP = { clientIp: '203.0.113.7' };

function application(kind: 'server' | 'browser', purposes: string[] | null = null): ClientApplication {
  const limits = { messagesPerMinute: 600, messagesPerDay: null, spendPerDay: null };
  const all = { channels: null, countries: null, audience: null, brandName: null, smsHost: null };
  return { id: 'app_1', kind, limits, purposes, origins: [], ...all };
}

/** The error code, or null if the request is allowed. */
function refusal(
  fields: Partial<CallerFields>,
  caller?: ClientApplication,
  { production = true } = {},
): string | null {
  try {
    new CallerRules({ production } as Config).check(
      { purpose: 'verification', ...fields },
      { ip: '203.0.113.7', application: caller },
    );
    return null;
  } catch (error) {
    return (error as AppError).code;
  }
}

describe('rules for callers of /otp', () => {
  it.each<[string, Partial<CallerFields>, string | null]>([
    ['a verification', {}, null],
    ['a custom purpose', { purpose: 'checkout' }, 'application_required'],
    ['a context', CONTEXT, 'context_not_allowed'],
    ['a transaction', { purpose: 'transaction', ...CONTEXT }, 'context_not_allowed'],
    ['metadata', METADATA, 'metadata_not_allowed'],
    ['clientIp', CLIENT_IP, 'validation_failed'],
  ])('for a caller without an application in production: %s', (_, fields, expected) => {
    expect(refusal(fields)).toBe(expected);
  });

  it.each<[string, Partial<CallerFields>, string | null]>([
    ['a custom purpose', { purpose: 'checkout' }, null],
    ['a transaction', { purpose: 'transaction', ...CONTEXT }, null],
    ['metadata', METADATA, 'metadata_not_allowed'],
    ['clientIp', CLIENT_IP, 'validation_failed'],
  ])('for a caller without an application in development: %s', (_, fields, expected) => {
    expect(refusal(fields, undefined, { production: false })).toBe(expected);
  });

  it.each<[string, Partial<CallerFields>, string | null]>([
    ['a verification', {}, null],
    ['a custom purpose', { purpose: 'checkout' }, null],
    ['a context', CONTEXT, 'context_not_allowed'],
    ['metadata', METADATA, 'metadata_not_allowed'],
    ['clientIp', CLIENT_IP, 'validation_failed'],
  ])('for a browser application, in development too: %s', (_, fields, expected) => {
    for (const production of [true, false])
      expect(refusal(fields, application('browser'), { production })).toBe(expected);
  });

  it('allow a server application everything', () => {
    const fields = { purpose: 'transaction', ...CONTEXT, ...METADATA, ...CLIENT_IP };
    expect(refusal(fields, application('server'))).toBeNull();
  });

  it('keep an application to its purposes', () => {
    for (const kind of ['server', 'browser'] as const) {
      expect(refusal({ purpose: 'checkout' }, application(kind, ['checkout']))).toBeNull();
      expect(refusal({}, application(kind, ['checkout']))).toBe('application_purpose_refused');
    }
  });
});
