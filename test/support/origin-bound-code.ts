/**
 * Implements "Parse an origin-bound one-time code message" of the WICG specification:
 * https://wicg.github.io/sms-one-time-codes/#parsing
 */
export function originBoundCode(message: string): { host: string; code: string; embedded?: string } | null {
  const line = message.slice(message.lastIndexOf('\n') + 1);
  let position = 0;
  const collect = (stop: RegExp) => {
    const start = position;
    while (position < line.length && !stop.test(line.charAt(position))) position++;
    return line.slice(start, position);
  };
  const token = (sigil: string) => {
    if (line.charAt(position) !== sigil) return null;
    position++;
    return collect(/\s/) || null;
  };
  const separator = () => line.charAt(position++) === ' ';

  const host = token('@');
  if (!host || !/^[a-z0-9.-]+$/i.test(host) || !separator()) return null;
  const code = token('#');
  if (!code) return null;
  if (position === line.length) return { host, code };
  if (!separator()) return null;
  const embedded = token('@');
  return embedded ? { host, code, embedded } : null;
}
