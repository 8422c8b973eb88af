/**
 * Takes the token of the link out of the address bar, so that nobody reads it there, and keeps it in
 * the state of this history entry, so that a reload finds it again. That is as safe as a variable:
 * the browser sends the state to no server, and other sites and tabs cannot read it. Tokens work
 * once, and `forgetToken` removes them after that.
 */
export function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token) keep(token);
  else if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
  return token ?? (history.state as { token?: string } | null)?.token ?? null;
}

export function forgetToken(): void {
  keep(null);
}

function keep(token: string | null): void {
  history.replaceState(token && { token }, '', location.pathname + location.search);
}
