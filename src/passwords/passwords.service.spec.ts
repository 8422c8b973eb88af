import type { RequestLimits } from '../http/request-limits.js';
import { Config } from '../config/config.js';
import { CommonError } from '../http/common.errors.js';
import { BudgetError } from '../budgets/budgets.errors.js';
import type { Budgets } from '../budgets/budgets.service.js';
import { HashSlots } from './hash-slots.js';
import type { PasswordHasher } from './password-hasher.js';
import { Passwords } from './passwords.service.js';

const ATTEMPT = { subject: 'email:ada@example.com', isRecognised: false, client: { ip: '192.0.2.1' } };

/**
 * Passwords with fakes, and the calls they received, in order. The prefix `new:` marks a hash of
 * the current cost.
 */
function passwordsWith(slots = new HashSlots(1, 1), guessesLeft = 1, hashesLeft = 1) {
  const calls: string[] = [];
  const recordCall = (name: string) => Promise.resolve(void calls.push(name));
  const budgets = {
    chargePassword: () =>
      guessesLeft > 0 ? recordCall('charge') : Promise.reject(BudgetError.passwordGuessLimit(7)),
    creditPassword: () => recordCall('credit'),
  };
  const limits: RequestLimits = {
    countRequest: () => Promise.resolve(),
    countFailedToken: () => Promise.resolve(),
    countHash: () => (hashesLeft > 0 ? Promise.resolve() : Promise.reject(CommonError.rateLimited(30))),
  };
  const hasher = {
    hash: (password: string) => Promise.resolve(`new:${password}`),
    deterministicHash: (_: string, password: string) => Promise.resolve(`new:${password}`),
    matches: async (password: string, stored: string | null) => {
      await recordCall('compare');
      return stored?.slice(4) === password;
    },
    isOutdated: (stored: string) => stored.startsWith('old:'),
  };
  const passwords = new Passwords(
    hasher as unknown as PasswordHasher,
    slots,
    limits,
    budgets as unknown as Budgets,
    Config.from({}),
  );
  return { passwords, calls };
}

describe('password check', () => {
  it('counts a guess before comparing it and credits the budget when it is right', async () => {
    const { passwords, calls } = passwordsWith();
    expect(await passwords.check(ATTEMPT, 'otters', 'new:otters')).toEqual({ right: true });
    expect(calls).toEqual(['charge', 'compare', 'credit']);
  });

  it('compares a wrong guess and a guess without an account, and keeps both counted', async () => {
    for (const hash of ['new:otters', null]) {
      const { passwords, calls } = passwordsWith();
      expect(await passwords.check(ATTEMPT, 'wrong', hash)).toEqual({ right: false });
      expect(calls).toEqual(['charge', 'compare']);
    }
  });

  it('returns a new hash for a right password whose stored hash has a lower cost', async () => {
    const { passwords } = passwordsWith();
    expect(await passwords.check(ATTEMPT, 'otters', 'old:otters')).toEqual({
      right: true,
      rehashed: 'new:otters',
    });
    expect(await passwords.check(ATTEMPT, 'wrong', 'old:otters')).toEqual({ right: false });
  });

  it('compares nothing when the budget is used up', async () => {
    const { passwords, calls } = passwordsWith(undefined, 0);
    await expect(passwords.check(ATTEMPT, 'otters', 'new:otters')).rejects.toMatchObject({
      code: 'password_guess_limit',
      extra: { retryAfter: 7 },
    });
    expect(calls).toEqual([]);
  });

  it.each([
    ['a check', (passwords: Passwords) => passwords.check(ATTEMPT, 'otters', 'new:otters')],
    ['a new hash', (passwords: Passwords) => passwords.hash('otters', ATTEMPT)],
    [
      'a registration',
      (passwords: Passwords) => passwords.deterministicHash(ATTEMPT.subject, 'otters', ATTEMPT.client),
    ],
  ])('refuses %s when the network has used up its hashes', async (_, run) => {
    const { passwords, calls } = passwordsWith(undefined, 1, 0);
    await expect(run(passwords)).rejects.toMatchObject({ code: 'rate_limited', extra: { retryAfter: 30 } });
    expect(calls).toEqual([]);
  });

  it('counts nothing when too many passwords are being checked', async () => {
    const { passwords, calls } = passwordsWith(new HashSlots(0, 0));
    await expect(passwords.check(ATTEMPT, 'otters', 'new:otters')).rejects.toMatchObject({
      code: 'passwords_busy',
    });
    expect(calls).toEqual([]);
  });
});

it('names the field of a refused password', () => {
  const { passwords } = passwordsWith();
  expect(() => passwords.assertAcceptable('velvet otters', {})).not.toThrow();
  for (const field of ['password', 'newPassword']) {
    const detail = `${field} must have at least 8 characters.`;
    expect(() => passwords.assertAcceptable('short', {}, field)).toThrow(
      expect.objectContaining({
        kind: 'invalid',
        code: 'password_refused',
        detail,
        extra: { errors: [{ field, detail }] },
      }),
    );
  }
});
