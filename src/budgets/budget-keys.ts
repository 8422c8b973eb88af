import { addressOf, countryOf, isPhone, type Recipient } from '../common/recipient.js';
import { networkOf } from '../common/client-network.js';

/** The rows of `budget_counters` that one message counts in. */
export interface SendKeys {
  recipient: string;
  /** Null: the network of the person who asks is unknown. */
  network: string | null;
  /** The /48 of an IPv6 address. */
  wideNetwork: string | null;
  /** Phone numbers only. */
  prefix: string | null;
  country: string | null;
  application: string | null;
}

/** The keys that a right code is credited to. */
export type CreditKeys = Pick<SendKeys, 'recipient' | 'prefix' | 'country'>;

/** Counts everything that is spent on phone channels. */
export const MONEY = 'money';

/** Gmail delivers all spellings with dots to one mailbox, under two domains. */
const GMAIL = new Set(['gmail.com', 'googlemail.com']);

/** All spellings of a mailbox have one key. */
export function recipientKey(recipient: Recipient): string {
  if (isPhone(recipient)) return `to:${recipient}`;
  const address = addressOf(recipient);
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  const mailbox = address.slice(0, at).replace(/(?<=.)\+.*$/s, '');
  return GMAIL.has(domain)
    ? `to:email:${mailbox.replaceAll('.', '')}@gmail.com`
    : `to:email:${mailbox}@${domain}`;
}

/** An IPv4 /24 or an IPv6 /64, and the /48 of the latter. */
export function networksOf(ip: string): [network: string, wide: string | null] {
  const address = networkOf(ip);
  if (address.includes('.')) return [address.replace(/\.\d+$/, '.0/24'), null];
  if (!address.includes(':')) return [address, null];
  const [start = ''] = address.split('::');
  const groups = start.split(':').filter(Boolean).slice(0, 3);
  while (groups.length > 1 && groups.at(-1) === '0') groups.pop();
  return [address, `${groups.join(':')}::/48`];
}

/** A number without its last four digits: ten thousand neighbours. */
export function prefixOf(recipient: Recipient): string {
  return addressOf(recipient).slice(0, -4);
}

export function sendKeys(recipient: Recipient, ip: string | null, applicationId?: string): SendKeys {
  const [network, wide] = ip === null ? [null, null] : networksOf(ip);
  const country = countryOf(recipient);
  return {
    recipient: recipientKey(recipient),
    network: network && `network:${network}`,
    wideNetwork: wide && `network:${wide}`,
    prefix: isPhone(recipient) ? `prefix:${prefixOf(recipient)}` : null,
    country: country ? `country:${country}` : null,
    application: applicationId ? `app:${applicationId}` : null,
  };
}

export const accountKey = (userId: string) => `account:${userId}`;
export const passwordKey = (subject: string) => `password:${subject}`;
export const passwordNetworkKey = (ip: string) => `password-network:${networkOf(ip)}`;
export const verdictKey = (verdict: string, scope: string, country: string) =>
  `verdict:${verdict}:${scope}:${country}`;

/** The keys of the rows about a person, for an erasure. */
export function keysOfPerson(userId: string, recipients: Recipient[]): string[] {
  return [
    accountKey(userId),
    passwordKey(`user:${userId}`),
    ...recipients.flatMap((recipient) => [recipientKey(recipient), passwordKey(recipient)]),
  ];
}
