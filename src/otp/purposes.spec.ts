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

  it('applies OTP_POLICIES to any purpose', () => {
    const purposes = new Purposes(
      Config.from({
        OTP_POLICIES: 'checkout:length=8,ttl=120,attempts=5;login:ttl=60;password_reset:length=10,ttl=600',
      }),
    );
    const defaults = { codeLength: 6, ttlSeconds: 300, repeatSeconds: 150, maxAttempts: 3 };
    expect(purposes.policyOf('verification')).toMatchObject(defaults);
    expect(purposes.policyForRequest('checkout')).toMatchObject({
      codeLength: 8,
      ttlSeconds: 120,
      repeatSeconds: 60,
      maxAttempts: 5,
      context: 'optional',
    });
    expect(purposes.policyOf('login')).toMatchObject({ ...defaults, ttlSeconds: 60, repeatSeconds: 30 });
    // The code of a password reset is never repeated.
    expect(purposes.policyOf('password_reset')).toMatchObject({
      codeLength: 10,
      ttlSeconds: 600,
      repeatSeconds: 600,
      context: 'none',
    });
    expect(purposes.policyOf('constructor')).toMatchObject(defaults);
  });

  it('requires a context for a transaction', () => {
    const purposes = new Purposes(Config.from({}));
    expect(purposes.policyForRequest('transaction').context).toBe('required');
    expect(purposes.policyForRequest('verification').context).toBe('optional');
    expect(purposes.policyOf('login').context).toBe('none');
  });
});
