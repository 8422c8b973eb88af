import { isIP } from 'node:net';
import { isSupportedCountry } from 'libphonenumber-js/max';
import { CommonError } from '../http/common.errors.js';
import type { FraudScope } from './fraud-rule.repository.js';

const SCOPES = ['prefix', 'country', 'network'] as const;

/** Wider networks would block or exempt a good part of all people. */
const MIN_BITS = { 4: 8, 6: 16 };

/** What a request names. Throws unless it is exactly one valid prefix, country or network. */
export function targetOf(body: Partial<Record<FraudScope, string>>): { scope: FraudScope; value: string } {
  const given = SCOPES.filter((scope) => body[scope] !== undefined);
  const [scope] = given;
  if (!scope || given.length > 1)
    throw CommonError.validation(
      SCOPES.map((field) => ({ field, detail: 'Give exactly one of prefix, country and network.' })),
    );
  const value = body[scope] ?? '';
  if (scope === 'country' && !isSupportedCountry(value))
    throw invalid(scope, 'No phone numbers have this country.');
  return { scope, value: scope === 'network' ? networkOf(value) : value };
}

/** In CIDR notation. */
function networkOf(text: string): string {
  const [address = '', bits] = text.toLowerCase().split('/');
  const family = isIP(address);
  if (family !== 4 && family !== 6)
    throw invalid('network', 'network must be an IP address or a CIDR network.');
  const most = family === 4 ? 32 : 128;
  const length = bits === undefined ? most : Number(bits);
  const least = MIN_BITS[family];
  if (length < least || length > most)
    throw invalid('network', `network must have from ${least} to ${most} bits.`);
  return `${address}/${length}`;
}

/** Without what could name a person: the last digits of a number, or the address of one client. */
export function withoutPerson(scope: FraudScope, value: string): string | undefined {
  if (scope === 'country') return value;
  if (scope === 'prefix') return value.length > 8 ? `${value.slice(0, 8)}…` : value;
  const [address = '', bits] = value.split('/');
  return Number(bits) <= (isIP(address) === 4 ? 24 : 64) ? value : undefined;
}

const invalid = (field: string, detail: string) => CommonError.validation([{ field, detail }]);
