import { isCutAsSigned } from './twilio-signed-text.js';

const SID = `SM${'1'.repeat(32)}`;
const FIELDS: Record<string, string> = {
  AccountSid: `AC${'7'.repeat(32)}`,
  ApiVersion: '2010-04-01',
  ErrorCode: '30003',
  From: '+15005550006',
  MessageSid: SID,
  MessageStatus: 'undelivered',
  SmsSid: SID,
  SmsStatus: 'undelivered',
  To: '+14155550123',
};
const signedText = (fields: Record<string, string>) =>
  Object.keys(fields)
    .sort()
    .map((name) => name + fields[name])
    .join('');

describe('isCutAsSigned', () => {
  it('accepts the documented fields in any order, with or without an error code', () => {
    expect(isCutAsSigned(FIELDS)).toBe(true);
    expect(isCutAsSigned(Object.fromEntries(Object.entries(FIELDS).reverse()))).toBe(true);
    const entries = Object.entries(FIELDS).filter(([name]) => name !== 'ErrorCode');
    expect(isCutAsSigned(Object.fromEntries(entries))).toBe(true);
    expect(isCutAsSigned({ ...FIELDS, ErrorCode: '' })).toBe(true);
  });

  it('refuses every other cut that hides the error code or changes the status', () => {
    const text = signedText(FIELDS);
    const names = Object.keys(FIELDS).sort();
    let checked = 0;
    // Merges two or three neighbours, and cuts the merged text at every position.
    for (let first = 0; first < names.length; first++)
      for (const count of [1, 2, 3]) {
        const merged = names.slice(first, first + count);
        if (merged.length < count) continue;
        const part = merged.map((name) => name + FIELDS[name]).join('');
        for (let at = 1; at <= part.length; at++) {
          const others = Object.entries(FIELDS).filter(([name]) => !merged.includes(name));
          const recut = Object.fromEntries([...others, [part.slice(0, at), part.slice(at)]]);
          // Twilio sorts the names, so another order has another signature.
          if (signedText(recut) !== text) continue;
          const same = ['AccountSid', 'ErrorCode', 'MessageSid', 'MessageStatus'].every(
            (name) => recut[name] === FIELDS[name],
          );
          expect([recut, isCutAsSigned(recut)]).toEqual([recut, same]);
          checked++;
        }
      }
    expect(checked).toBeGreaterThan(300);
  });
});
