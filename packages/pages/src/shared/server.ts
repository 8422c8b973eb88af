import type { Locale } from './texts.js';

export type PhoneChannel = 'sms' | 'whatsapp' | 'voice';

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
  /** How codes to sign in, and codes for a new address, can be sent (`OTP_CHANNELS`). */
  channels: Record<'login' | 'contact_change', ('email' | PhoneChannel)[]>;
  /** Names of the served pages for people. */
  pages: string[];
  hasDocs: boolean;
  hasInbox: boolean;
  /** Where people sign in, if the server knows it: absolute, or relative to this server. */
  signInPage: string | null;
}

const content = document.querySelector<HTMLMetaElement>('meta[name=server]')?.content ?? '';

export const server = JSON.parse(content) as ServerSettings;

/** Empty if the server sends no such codes to phones. */
export function phoneChannels(purpose: keyof ServerSettings['channels']): PhoneChannel[] {
  return server.channels[purpose].filter((channel) => channel !== 'email');
}

/** For `<otp-sign-in>`, which offers `phone` only if there is a channel. */
export const SIGN_IN_METHODS = server.channels.login.includes('email')
  ? 'email,phone,password'
  : 'phone,password';

/** Scripts are one level below the server's address, to which a proxy may add a prefix. */
const scriptUrl = import.meta.url;
export const SERVER_URL = new URL('..', scriptUrl).href.replace(/\/$/, '');
