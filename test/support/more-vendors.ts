import { createHmac, randomUUID } from 'node:crypto';
import { isTwilioLogin, twilio, TWILIO_SID, type Payload, type Vendor } from './vendors.js';

export const VERIFY_SID = `VA${'6'.repeat(32)}`;
export const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const hex = () => randomUUID().replaceAll('-', '');

/** Twilio's calls. The request contains the text to speak, as TwiML. */
export const voice: Vendor = {
  ...twilio,
  name: 'voice',
  path: `/2010-04-01/Accounts/${TWILIO_SID}/Calls.json`,
  // The digits of a code are spoken one by one. This joins them again.
  text: ({ Twiml }) => String(Twiml).replace(/(\d), (?=\d)/g, '$1'),
  check(headers, { From, Twiml }, to) {
    if (!isTwilioLogin(headers)) return 20003;
    if (!From) return 21213;
    if (!/^<\?xml [^>]*\?><Response>.+<\/Response>$/s.test(String(Twiml))) return 12100;
    return to === '+15005550001' ? 21217 : undefined;
  },
  errors: {
    ...twilio.errors,
    12100: [400, 'Document parse failure'],
    21210: [400, "'From' phone number not verified"],
    21213: [400, "'From' phone number is required"],
    21215: [400, 'Account not authorized to call {to}.'],
    21217: [400, "Phone number '{to}' does not appear to be valid"],
  },
  accepted: (sid, { To, From }) => ({
    sid,
    account_sid: TWILIO_SID,
    status: 'queued',
    to: To,
    from: From,
  }),
  newId: () => `CA${hex()}`,
};

/** Twilio Verify: starts a verification with a custom code, and accepts its result. */
export const verify: Vendor = {
  ...twilio,
  name: 'verify',
  path: new RegExp(`^/v2/Services/${VERIFY_SID}/Verifications(/VE[0-9a-f]{32})?$`),
  to: ({ To }, path) => (To as string | undefined) ?? path.split('/').at(-1) ?? '',
  text: ({ CustomCode, Status }) => CustomCode ?? Status,
  check(headers, { To, Channel, CustomCode, Status }) {
    if (!isTwilioLogin(headers)) return 20003;
    if (To === undefined) return ['approved', 'canceled'].includes(String(Status)) ? undefined : 60200;
    if (!['sms', 'call', 'whatsapp'].includes(String(Channel))) return 60200;
    return /^[a-zA-Z0-9]{4,10}$/.test(String(CustomCode)) ? undefined : 60200;
  },
  errors: {
    ...twilio.errors,
    60200: [400, 'Invalid parameter'],
    60202: [429, 'Max check attempts reached'],
    60203: [429, 'Max send attempts reached'],
    60205: [403, 'SMS is not supported by landline phone number'],
    60212: [429, 'Too many concurrent requests for phone number'],
    60223: [400, 'Delivery channel disabled'],
    60410: [403, 'Verification delivery attempt blocked'],
    60605: [403, 'Verification delivery attempt blocked by geo permissions'],
  },
  accepted: (sid, { To, Channel, Status }) => ({
    sid,
    service_sid: VERIFY_SID,
    account_sid: TWILIO_SID,
    to: To,
    channel: Channel,
    status: Status ?? 'pending',
    valid: Status === 'approved',
  }),
  newId: () => `VE${hex()}`,
  common: { ...twilio.common, rejected: 60205 },
};

const webhookError = (status: number): [number, [number, string]] => [status, [status, 'No.']];

/** An operator's webhook receiver. It checks the signature of every message. */
export const webhook: Vendor = {
  name: 'webhook',
  path: '/send',
  parse: (body) => JSON.parse(body) as Payload,
  to: ({ to }) => String(to),
  text: ({ text }) => text,
  check(headers, { id }, _to, body) {
    const key = Buffer.from(WEBHOOK_SECRET.slice('whsec_'.length), 'base64');
    const { 'webhook-id': given, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
    const isRecent = Math.abs(Date.now() / 1000 - Number(timestamp)) < 5;
    const signed = `${String(given)}.${String(timestamp)}.${body}`;
    const expected = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
    return isRecent && given === id && signature === expected ? undefined : 401;
  },
  errors: Object.fromEntries([302, 400, 401, 403, 404, 406, 410, 422, 429, 500, 503].map(webhookError)),
  errorBody: (code) => ({ error: code }),
  acceptedStatus: 202,
  accepted: () => ({}),
  newId: () => randomUUID(),
  common: { unauthorized: 401, throttled: 429, rejected: 422, failed: 500 },
};
