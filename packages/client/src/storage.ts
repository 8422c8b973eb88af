/** Where the client keeps tokens. `localStorage`, `sessionStorage` and `AsyncStorage` have this shape. */
export interface TokenStorage {
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** Keeps tokens in a variable: a reload signs the person out. */
export function memoryStorage(): TokenStorage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key),
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
  };
}

/** The default: `localStorage` in browsers, where it can be used, else memory. */
export function defaultStorage(): TokenStorage {
  try {
    if (typeof document !== 'undefined' && globalThis.localStorage) return localStorage;
  } catch {
    // The person blocks site data.
  }
  return memoryStorage();
}

/**
 * Reads and writes one storage. A storage that is full, blocked or broken loses nothing while the
 * page is open: what it refuses to keep stays in memory.
 */
export class SafeStorage {
  private readonly refused = new Map<string, string | null>();

  constructor(readonly storage: TokenStorage) {}

  /** Browsers tell other tabs about changes of `localStorage`, and of no other storage. */
  get sendsEvents(): boolean {
    try {
      return this.storage === globalThis.localStorage;
    } catch {
      return false;
    }
  }

  /** The value at once if the storage is synchronous. */
  get(key: string): string | null | Promise<string | null> {
    const inMemory = this.refused.get(key);
    if (inMemory !== undefined) return inMemory;
    try {
      const value = this.storage.getItem(key) ?? null;
      if (value === null || typeof value === 'string') return value;
      return value.then(
        (item) => item ?? null,
        () => null,
      );
    } catch {
      return null;
    }
  }

  async set(key: string, value: string | null): Promise<void> {
    // At once, so that a call that follows without waiting reads the new value.
    this.refused.set(key, value);
    try {
      await (value === null ? this.storage.removeItem(key) : this.storage.setItem(key, value));
      if (this.refused.get(key) === value) this.refused.delete(key);
    } catch {
      // A full storage must not keep an older value, which may be another person's.
      if (value !== null) await this.remove(key);
    }
  }

  private async remove(key: string): Promise<void> {
    try {
      await this.storage.removeItem(key);
    } catch {
      // The value in memory counts.
    }
  }
}
