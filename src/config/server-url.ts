import * as z from 'zod';

/**
 * Why a URL with credentials cannot be read, or undefined if it can. The reason never contains the
 * value.
 */
export function faultOfServerUrl(value: string, protocols: string[]): string | undefined {
  const schemes = protocols.map((protocol) => `${protocol}//`);
  const [, scheme = '', authority = '', rest = ''] = /^([^:/?#]+:\/\/)([^/?#]*)(.*)$/s.exec(value) ?? [];
  if (!schemes.includes(scheme.toLowerCase()))
    return `must be a URL that starts with ${schemes.join(' or ')}`;
  // A raw character of the password ends the part with the server, and its @ is left behind.
  const [path = ''] = rest.split('?');
  if (/[#@]/.test(rest) || !isDecodable(authority + path)) return NOT_ENCODED;
  return undefined;
}

/** A URL of a server with a user name and a password in it. */
export const serverUrl = (...protocols: string[]) =>
  z.string().superRefine((value, context) => {
    const fault = faultOfServerUrl(value, protocols);
    if (fault) context.addIssue(fault);
    else if (!URL.canParse(value)) context.addIssue('must be a URL such as scheme://user:password@host:port');
  });

const NOT_ENCODED =
  'must percent-encode the special characters of its user name and password: ' +
  '# as %23, ? as %3F, / as %2F, @ as %40, % as %25';

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
