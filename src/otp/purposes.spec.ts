import { Config } from '../config/config.js';
import { Purposes } from './purposes.js';

const INTERNAL = ['login', 'email_verification', 'contact_change', 'password_reset'];

/** As in production, without all that production asks for. */
function production(OTP_PURPOSES?: string[]): Purposes {
  return new Purposes(Object.assign(new Config(), Config.from({}), { NODE_ENV: 'production', OTP_PURPOSES }));
}

describe('the purposes that a client may name', () => {
  it('are any in development', () => {
    const purposes = new Purposes(Config.from({}));
    for (const purpose of ['verification', 'transaction', 'my_own'])
      expect(purposes.policyForRequest(purpose).purpose).toBe(purpose);
  });

  it('are in production ours and those of OTP_PURPOSES (B7)', () => {
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

  it('are never those that have routes of their own (R2)', () => {
    for (const purposes of [new Purposes(Config.from({})), production(['*']), production(INTERNAL)])
      for (const purpose of INTERNAL)
        expect(() => purposes.policyForRequest(purpose)).toThrow(
          expect.objectContaining({ code: 'otp_purpose_refused' }),
        );
  });

  it('are not what every object has (I3)', () => {
    for (const purpose of ['constructor', 'valueOf', '__proto__'])
      expect(() => production().policyForRequest(purpose)).toThrow(
        expect.objectContaining({ code: 'otp_purpose_refused' }),
      );
  });

  it('need a context where they are transactions', () => {
    const purposes = new Purposes(Config.from({}));
    expect(purposes.policyForRequest('transaction').context).toBe('required');
    expect(purposes.policyForRequest('verification').context).toBe('optional');
    expect(purposes.policyOf('login').context).toBe('none');
  });
});
