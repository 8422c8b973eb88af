import { createClient, memoryStorage, type TokenStorage } from '@otp-auth/client';
import { server, SERVER_URL } from './server.js';

/** Pages that people use while they are signed in. */
const KEEPING_PAGES = ['account', 'console'];

/** A redirect must not carry a token or a password to another address. */
export function createPageClient(storage?: TokenStorage) {
  return createClient({
    url: SERVER_URL,
    storage,
    fetch: (input, init) => fetch(input, { ...init, redirect: 'error' }),
  });
}

/** The server's client. Tokens stay in memory unless this server has a page that uses them later. */
export const client = createPageClient(
  server.pages.some((page) => KEEPING_PAGES.includes(page)) ? undefined : memoryStorage(),
);
