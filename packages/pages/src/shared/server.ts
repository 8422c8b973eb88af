import type { Locale } from './texts.js';

/** What the server says about itself to its pages. `src/http/pages.ts` writes it. */
export interface ServerSettings {
  /** The product's name (`BRAND_NAME`). */
  brandName: string | null;
  /** The product's colour (`BRAND_COLOR`), such as `#0f62fe`. */
  brandColor: string | null;
  /** The sender of mails (`MAIL_FROM`). */
  mailFrom: string | null;
  /** For people whose browser asks for none of our languages. */
  defaultLocale: Locale;
  passwordMinLength: number;
  codeLength: number;
  /** Names of the served pages for people. */
  pages: string[];
  hasDocs: boolean;
  hasInbox: boolean;
  /** Where people sign in, if the server knows it: absolute, or relative to this server. */
  signInPage: string | null;
}

const content = document.querySelector<HTMLMetaElement>('meta[name=server]')?.content ?? '';

export const server = JSON.parse(content) as ServerSettings;

/** Scripts are one level below the server's address, to which a proxy may add a prefix. */
const scriptUrl = import.meta.url;
export const SERVER_URL = new URL('..', scriptUrl).href.replace(/\/$/, '');
