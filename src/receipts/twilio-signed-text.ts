import type { TwilioReceipt } from './twilio-receipt.dto.js';

/** The fields that we read, as they appear in the text that Twilio signs. */
const FIELDS: Record<keyof TwilioReceipt, RegExp> = {
  AccountSid: /AccountSid(AC[0-9a-f]{32})/g,
  ErrorCode: /ErrorCode(\d+)/g,
  MessageSid: /MessageSid((?:SM|MM)[0-9a-f]{32})/g,
  MessageStatus: /MessageStatus([a-z][a-z0-9_-]*)/g,
};

/**
 * Whether the signed text contains the fields that we read only where the request has them. Twilio
 * signs sorted names and values without separators. Therefore `ErrorCode=30003` has the same
 * signature as `ErrorCode3=0003`, and as a value of the field before it that ends in
 * `ErrorCode30003`. Such a request would hide or change a field although its signature is valid.
 */
export function isCutAsSigned(fields: Record<string, string>): boolean {
  let text = '';
  const pairs = Object.keys(fields)
    .sort()
    .map((name) => {
      const start = text.length;
      text += name + fields[name];
      return { name, start };
    });
  return Object.entries(FIELDS).every(([field, pattern]) =>
    [...text.matchAll(pattern)].every(({ index, 1: value }) =>
      pairs.some(
        ({ name, start }) =>
          index + field.length === start + name.length &&
          // A longer name such as SmsMessageSid is another field, but only beside the field itself.
          (name === field ? fields[field] === value : name.endsWith(field) && field in fields),
      ),
    ),
  );
}
