export type ContactKind = 'email' | 'phone';

interface Pending {
  userId: string;
  address: string;
  until: number;
}

/** Codes do not live longer. */
const LIFETIME_MS = 15 * 60_000;

/** The new address whose code has not been entered yet, so that a reload does not lose it. */
export function pendingAddress(kind: ContactKind, userId: string): string | null {
  try {
    const pending = JSON.parse(sessionStorage.getItem(keyOf(kind)) ?? 'null') as Pending | null;
    return pending?.userId === userId && pending.until > Date.now() ? pending.address : null;
  } catch {
    return null;
  }
}

export function rememberPending(kind: ContactKind, userId: string, address: string): void {
  const pending: Pending = { userId, address, until: Date.now() + LIFETIME_MS };
  try {
    sessionStorage.setItem(keyOf(kind), JSON.stringify(pending));
  } catch {
    // Without storage, a reload forgets the change, and the person requests it again.
  }
}

export function forgetPending(kind: ContactKind): void {
  try {
    sessionStorage.removeItem(keyOf(kind));
  } catch {
    // Nothing was stored.
  }
}

function keyOf(kind: ContactKind): string {
  return `pending-${kind}`;
}
