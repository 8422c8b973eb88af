/**
 * The program of a client: its `User-Agent` without version numbers, so that an update of the
 * browser, the app or the system does not change it. Null if the header is missing or names
 * nothing.
 */
export function programOf(userAgent = ''): string | null {
  const program = userAgent.replace(/\d+(?:[._]\d+)*/g, '').trim();
  return /\p{L}/u.test(program) ? program : null;
}
