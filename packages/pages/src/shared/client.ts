import { createClient, memoryStorage } from '@otp-auth/client';
import { server, SERVER_URL } from './server.js';

/**
 * The server's client. Tokens stay in memory unless this server has a page that uses them later. A
 * redirect must not carry a token or a password to another address.
 */
export const client = createClient({
  url: SERVER_URL,
  storage: server.pages.includes('account') ? undefined : memoryStorage(),
  fetch: (input, init) => fetch(input, { ...init, redirect: 'error' }),
});
