import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export const POSTMARK_TOKEN = '5a1e7e57-70ce-4b1d-9c6f-0f6d1b9a7e11';
export const TWILIO_SID = `AC${'7'.repeat(32)}`;
export const TWILIO_TOKEN = '3f1c5be7a0d94e3c8b7755aa10c2d4e9';

/** Errors that every vendor has, each under its own code. */
export type CommonError = 'unauthorized' | 'throttled' | 'rejected' | 'failed';

export type Payload = Record<string, unknown>;

/** One call of a vendor's API, as documented: what it checks and what it returns. */
export interface Vendor {
  name: 'postmark' | 'twilio' | 'voice' | 'verify' | 'webhook';
  path: string | RegExp;
  parse: (body: string) => Payload;
  to: (payload: Payload, path: string) => string;
  text: (payload: Payload) => unknown;
  /** The error for invalid headers or fields. */
  check: (
    headers: IncomingHttpHeaders,
    payload: Payload,
    to: string,
    body: string,
  ) => number | [code: number, message: string] | undefined;
  errors: Record<number, [status: number, message: string]>;
  errorBody: (code: number, status: number, message: string) => Payload;
  acceptedStatus: number;
  accepted: (id: string, payload: Payload) => Payload;
  newId: () => string;
  common: Record<CommonError, number>;
}

function toField({ To }: Payload, _path: string): string {
  return (To ?? '') as string;
}

export function isTwilioLogin({ authorization }: IncomingHttpHeaders): boolean {
  return authorization === `Basic ${Buffer.from(`${TWILIO_SID}:${TWILIO_TOKEN}`).toString('base64')}`;
}

/** A recipient such as `error-406@example.com` is refused with that error code. */
export const postmark: Vendor = {
  name: 'postmark',
  path: '/email',
  parse: (body) => JSON.parse(body) as Payload,
  to: toField,
  text: (payload) => payload.TextBody,
  check(headers, { From, HtmlBody, TextBody, MessageStream }, to) {
    if (headers['x-postmark-server-token'] !== POSTMARK_TOKEN) return 10;
    if (!/^application\/json/.test(headers['content-type'] ?? '')) return 409;
    if (!/@[a-z0-9.-]+>?$/i.test(From as string))
      return [300, `Invalid 'From' address: '${From as string}'.`];
    if (!/^[a-z0-9.!#$%&'`*+\-/=^_{}|~]+@[a-z0-9.-]+$/i.test(to)) return 300;
    if (!HtmlBody && !TextBody) return [300, 'Provide either email TextBody or HtmlBody or both.'];
    if (MessageStream !== undefined && MessageStream !== 'outbound') return 1235;
    return Number(/^error-(\d+)@/.exec(to)?.[1]) || undefined;
  },
  errors: {
    10: [401, 'Request does not contain a valid Server token.'],
    100: [503, 'The Postmark API is offline for maintenance.'],
    300: [422, "Invalid 'To' address: '{to}'."],
    400: [422, "The 'From' address you supplied is not a Sender Signature on your account."],
    401: [422, "The 'From' address you supplied has not been confirmed."],
    402: [422, 'Invalid JSON.'],
    405: [422, 'Not allowed to send: you ran out of credits.'],
    406: [
      422,
      'You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: {to}. ' +
        'Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression.',
    ],
    409: [422, 'JSON required.'],
    412: [422, 'While your account is pending approval, all recipients must share the From domain.'],
    413: [422, 'Your account may not send.'],
    429: [429, 'Rate limit exceeded.'],
    500: [500, 'Internal server error.'],
    1400: [422, 'Unknown.'],
    1235: [422, 'The MessageStream provided does not exist on this server.'],
  },
  errorBody: (ErrorCode, _, Message) => ({ ErrorCode, Message }),
  acceptedStatus: 200,
  accepted: (MessageID, { To }) => ({
    To,
    SubmittedAt: new Date().toISOString(),
    MessageID,
    ErrorCode: 0,
    Message: 'OK',
  }),
  newId: () => randomUUID(),
  common: { unauthorized: 10, throttled: 429, rejected: 406, failed: 500 },
};

/** Twilio's magic numbers such as `+15005550001` fail as they do with its test credentials. */
export const twilio: Vendor = {
  name: 'twilio',
  path: `/2010-04-01/Accounts/${TWILIO_SID}/Messages.json`,
  parse: (body) => Object.fromEntries(new URLSearchParams(body)),
  to: (payload, path) => toField(payload, path).replace(/^whatsapp:/, ''),
  text: (payload) => payload.Body ?? payload.ContentVariables,
  check(headers, { To, From, MessagingServiceSid, Body, ValidityPeriod, ContentSid }, to) {
    if (!isTwilioLogin(headers)) return 20003;
    if (!to) return 21604;
    if (!From && !MessagingServiceSid) return 21603;
    if ((To as string).startsWith('whatsapp:')) {
      if (!(From as string).startsWith('whatsapp:')) return 63007;
      return Body || !ContentSid ? 63016 : undefined;
    }
    if (!Body) return 21602;
    if ((Body as string).length > 1600) return 21617;
    const seconds = Number(ValidityPeriod ?? 36_000);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > 36_000) return 20001;
    return { '0001': 21211, '0002': 21612, '0003': 21408, '0004': 21610, '0009': 21614 }[
      /^\+1500555(\d{4})$/.exec(to)?.[1] ?? ''
    ];
  },
  errors: {
    20001: [400, 'Invalid parameter.'],
    20003: [401, 'Authenticate'],
    20005: [403, 'Account not active'],
    20404: [404, 'The requested resource was not found'],
    20429: [429, 'Too Many Requests'],
    20500: [500, 'Internal Server Error'],
    21211: [400, "Invalid 'To' Phone Number: {to}"],
    21212: [400, "Invalid 'From' Number"],
    21408: [
      400,
      "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    ],
    21602: [400, 'Message body is required.'],
    21603: [400, "A 'From' phone number is required."],
    21604: [400, "A 'To' phone number is required."],
    21606: [400, "The 'From' phone number provided is not a valid, SMS-capable number for your account."],
    21608: [403, 'The number {to} is unverified. Trial accounts cannot send messages to unverified numbers.'],
    21610: [400, 'Attempt to send to unsubscribed recipient {to}'],
    21611: [429, "This 'From' number has exceeded the maximum number of queued messages"],
    21612: [
      400,
      "Message cannot be sent with the current combination of 'To' ({to}) and/or 'From' parameters",
    ],
    21614: [400, "'To' number: {to}, is not a valid mobile number"],
    21617: [400, 'The concatenated message body exceeds the 1600 character limit'],
    21655: [400, 'The ContentSid is invalid'],
    63007: [400, 'Twilio could not find a Channel with the specified From address'],
    63016: [400, 'Failed to send freeform message because you are outside the allowed window'],
    63024: [400, 'Invalid message recipient'],
    30007: [400, 'Message filtered'],
    63038: [429, 'Account exceeded the daily messages limit'],
    21703: [400, 'The Messaging Service does not have a phone number available to send a message'],
  },
  errorBody: (code, status, message) => ({
    code,
    message,
    more_info: `https://www.twilio.com/docs/errors/${code}`,
    status,
  }),
  acceptedStatus: 201,
  accepted: (sid, { To, From, Body, MessagingServiceSid }) => ({
    sid,
    account_sid: TWILIO_SID,
    api_version: '2010-04-01',
    status: MessagingServiceSid ? 'accepted' : 'queued',
    to: To,
    from: From ?? null,
    messaging_service_sid: MessagingServiceSid ?? null,
    body: Body,
    num_segments: '1',
    num_media: '0',
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    price: null,
    date_created: new Date().toUTCString(),
    date_sent: null,
    uri: `/2010-04-01/Accounts/${TWILIO_SID}/Messages/${sid}.json`,
  }),
  newId: () => `SM${randomUUID().replaceAll('-', '')}`,
  common: { unauthorized: 20003, throttled: 20429, rejected: 21211, failed: 20500 },
};
