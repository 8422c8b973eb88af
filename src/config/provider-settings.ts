import { isSupportedCountry, type CountryCode } from 'libphonenumber-js/max';
import * as z from 'zod';
import { CHANNELS, type Channel } from '../common/delivery.js';

export const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);

// libphonenumber-js declares it as a plain boolean function.
export const isCountry = (value: string): value is CountryCode => isSupportedCountry(value);

/** What a channel's messages can go through. `.env.example` says what each needs. */
export const MAIL_PROVIDERS = ['inbox', 'postmark', 'smtp', 'webhook'] as const;
export const PHONE_PROVIDERS = ['inbox', 'twilio', 'twilio-verify', 'webhook'] as const;
export type MailProvider = (typeof MAIL_PROVIDERS)[number];
export type PhoneProvider = (typeof PHONE_PROVIDERS)[number];

export const listOf = <Name extends string>(names: readonly Name[]) =>
  list
    .refine((items): items is Name[] => items.every((item) => names.includes(item as Name)), {
      error: `must list any of ${names.join(', ')}`,
    })
    .refine((items) => items.length > 0 && new Set(items).size === items.length, {
      error: 'must list each provider once',
    });

/** `sms,email`, and for a purpose of its own `login:whatsapp`. */
export const channels = list.transform((items, context) => {
  const offered: { general: Channel[]; purposes: Record<string, Channel[]> } = { general: [], purposes: {} };
  for (const item of items) {
    const [, purpose, channel] = /^(?:([a-z][a-z0-9_]{0,31}):)?([a-z]+)$/.exec(item) ?? [];
    const known = CHANNELS.find((one) => one === channel);
    if (!known) context.addIssue(`must list any of ${CHANNELS.join(', ')}, or purpose:channel`);
    else (purpose ? (offered.purposes[purpose] ??= []) : offered.general).push(known);
  }
  if (offered.general.length === 0) offered.general.push('sms', 'email');
  return offered;
});

/** One provider of a country's route, and whom it names as the sender. */
export interface Hop {
  provider: PhoneProvider;
  sender?: string;
}

/** `IN:twilio/ACMEIN,webhook;US:twilio`: for each country the providers of its text messages, in order. */
export const smsRoutes = z.string().transform((value, context) => {
  const routes: Partial<Record<CountryCode, Hop[]>> = {};
  for (const item of value.split(';').filter((one) => one.trim())) {
    const [place = '', hops = ''] = item.split(/:(.*)/s).map((part) => part.trim());
    if (!isCountry(place) || routes[place])
      context.addIssue(`must give each country once, by a two-letter code: not ${shown(place)}`);
    else {
      routes[place] = hops.split(',').map((hop) => {
        const [name = '', sender] = hop.split('/').map((part) => part.trim());
        const provider = PHONE_PROVIDERS.find((one) => one === name);
        if (!provider)
          context.addIssue(`must name known providers (${PHONE_PROVIDERS.join(', ')}): not ${shown(name)}`);
        if (sender !== undefined && !/^[A-Za-z0-9 +]{1,34}$/.test(sender))
          context.addIssue(
            'must name senders of letters, digits and blanks: numbers, names or messaging services',
          );
        return { provider: provider ?? 'inbox', ...(sender && { sender }) };
      });
      if (new Set(routes[place]?.map(({ provider }) => provider)).size !== routes[place]?.length)
        context.addIssue(`must name each provider once for ${place}`);
    }
  }
  return routes;
});

/** What is wrong by its name, unless it is no name. */
const shown = (name: string) => (/^[A-Za-z-]{1,20}$/.test(name) ? name : 'what stands there');
