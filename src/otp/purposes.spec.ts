import { Config } from '../config/config.js';
import { Purposes } from './purposes.js';

const INTERNAL = ['login', 'email_verification', 'contact_change', 'password_reset'];

/** Sets NODE_ENV afterwards, so that the other settings that production requires may be absent. */
function production(OTP_PURPOSES?: string[]): Purposes {
  return new Purposes(Object.assign(new Config(), Config.from({}), { NODE_ENV: 'production', OTP_PURPOSES }));
}

describe('Purposes', () => {
  it('accepts any purpose in development', () => {
    const purposes = new Purposes(Config.from({}));
    for (const purpose of ['verification', 'transaction', 'my_own'])
      expect(purposes.policyForRequest(purpose).purpose).toBe(purpose);
  });

  it('accepts only public built-in purposes and OTP_PURPOSES in production', () => {
    for (const purpose of ['verification', 'transaction']) {
      expect(production().policyForRequest(purpose).purpose).toBe(purpose);
      expect(production(['my_own']).policyForRequest(purpose).purpose).toBe(purpose);
    }
    expect(production(['my_own']).policyForRequest('my_own').purpose).toBe('my_own');
    expect(production(['*']).policyForRequest('anything').purpose).toBe('anything');
    for (const purposes of [production(), production([]), production(['my_own'])])
      expect(() => purposes.policyForRequest('another')).toThrow(
        expect.objectContaining({ code: 'otp_purpose_refused' }),
      );
  });

  it('rejects internal purposes', () => {
    for (const purposes of [new Purposes(Config.from({})), production(['*']), production(INTERNAL)])
      for (const purpose of INTERNAL)
        expect(() => purposes.policyForRequest(purpose)).toThrow(
          expect.objectContaining({ code: 'otp_purpose_refused' }),
        );
  });

  it('rejects the names of built-in object properties', () => {
    for (const purpose of ['constructor', 'valueOf', '__proto__'])
      expect(() => production().policyForRequest(purpose)).toThrow(
        expect.objectContaining({ code: 'otp_purpose_refused' }),
      );
  });

  it('requires a context for a transaction', () => {
    const purposes = new Purposes(Config.from({}));
    expect(purposes.policyForRequest('transaction').context).toBe('required');
    expect(purposes.policyForRequest('verification').context).toBe('optional');
    expect(purposes.policyOf('login').context).toBe('none');
  });
});
