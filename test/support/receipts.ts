import { createHmac } from 'node:crypto';
import { WEBHOOK_SECRET } from './more-vendors.js';
import { raw, type RawReply } from './raw.js';
import { TWILIO_SID, TWILIO_TOKEN } from './vendors.js';

/** The server's public URL, to which vendors send receipts. */
export const PUBLIC_URL = 'https://auth.example.org';
export const POSTMARK_USER = 'postmark';
export const POSTMARK_PASSWORD = 'Rk3m-vQ8x_T1pZ6wL9sB2nD5hG7jC0yA';

/** Settings that enable receipts. */
export const RECEIPT_SETTINGS = {
  PUBLIC_URL,
  POSTMARK_WEBHOOK_USER: POSTMARK_USER,
  POSTMARK_WEBHOOK_PASSWORD: POSTMARK_PASSWORD,
};

const FORM = 'application/x-www-form-urlencoded';

export type Fields = Record<string, string>;

/** The fields of a status callback, as Twilio documents them. */
export function twilioFields(sid: string, status: string, overrides: Fields = {}): Fields {
  return {
    MessageSid: sid,
    SmsSid: sid,
    MessageStatus: status,
    SmsStatus: status,
    AccountSid: TWILIO_SID,
    From: '+15005550006',
    To: '+14155550123',
    ApiVersion: '2010-04-01',
    ...overrides,
  };
}

/** Implements https://www.twilio.com/docs/usage/security without Twilio's SDK. */
export function twilioSignature(
  path: string,
  fields: Fields,
  token = TWILIO_TOKEN,
  url = PUBLIC_URL,
): string {
  const names = Object.keys(fields).sort();
  const signed = url + path + names.map((name) => name + fields[name]).join('');
  return createHmac('sha1', token).update(signed).digest('base64');
}

export const twilioPath = (messageId: string) => `/webhooks/twilio?message=${messageId}`;

/** Sends a status callback as Twilio would. `forged` replaces parts of the request. */
export function sendTwilio(
  server: string,
  messageId: string,
  fields: Fields,
  forged: {
    signature?: string;
    path?: string;
    headers?: Record<string, string>;
    body?: string;
  } = {},
): Promise<RawReply> {
  const path = forged.path ?? twilioPath(messageId);
  const signature = forged.signature ?? twilioSignature(path, fields);
  return raw(server, path, {
    headers: {
      'content-type': FORM,
      ...(signature && { 'x-twilio-signature': signature }),
      ...forged.headers,
    },
    body: forged.body ?? new URLSearchParams(fields).toString(),
  });
}

/** A webhook event about a mail, as Postmark documents it. */
export function postmarkEvent(kind: string, messageId: string, ref: string, details: object = {}): object {
  return {
    RecordType: kind,
    ServerID: 23,
    MessageStream: 'outbound',
    MessageID: ref,
    Tag: '',
    Details: '',
    Metadata: { message_id: messageId },
    ...details,
  };
}

/** The fields of a bounce that other events do not have. */
export function bounce(email: string, type: string, code: number, inactive: boolean): object {
  return {
    ID: 42,
    Type: type,
    TypeCode: code,
    Name: type,
    Description: 'It bounced.',
    Email: email,
    From: 'codes@example.org',
    BouncedAt: '2026-11-05T16:33:54.9070259Z',
    DumpAvailable: false,
    Inactive: inactive,
    CanActivate: true,
    Subject: 'A code',
  };
}

export function sendPostmark(
  server: string,
  event: unknown,
  credentials: string | null = `${POSTMARK_USER}:${POSTMARK_PASSWORD}`,
): Promise<RawReply> {
  return raw(server, '/webhooks/postmark', {
    headers: {
      'content-type': 'application/json',
      ...(credentials !== null && {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      }),
    },
    body: JSON.stringify(event),
  });
}

/**
 * Sends a receipt from an operator's own sender, signed as standardwebhooks.com specifies. The
 * signature covers `receipt`, and `said` can replace the body that is sent.
 */
export function sendDelivery(
  server: string,
  receipt: object,
  { secret = WEBHOOK_SECRET, ageSeconds = 0, said = receipt } = {},
): Promise<RawReply> {
  const id = 'msg_1';
  const body = JSON.stringify(said);
  const timestamp = Math.floor(Date.now() / 1_000) - ageSeconds;
  const signature = createHmac('sha256', Buffer.from(secret.replace('whsec_', ''), 'base64'))
    .update(`${id}.${timestamp}.${JSON.stringify(receipt)}`)
    .digest('base64');
  return raw(server, '/webhooks/delivery', {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': `v1,${signature}`,
    },
    body,
  });
}
