import { Config } from '../config/config.js';
import type { GuessBudgets } from './guess-budgets.js';
import { HashSlots } from './hash-slots.js';
import type { PasswordHasher } from './password-hasher.js';
import { PasswordError } from './passwords.errors.js';
import { Passwords } from './passwords.service.js';

const ATTEMPT = { subject: 'email:ada@example.com', lane: '', client: { ip: '192.0.2.1' } };

/** Budgets, a hasher and what they did, in its order. `new:` marks a hash of today's cost. */
function passwordsWith(slots = new HashSlots(1, 1), guessesLeft = 1) {
  const done: string[] = [];
  const note = (what: string) => Promise.resolve(void done.push(what));
  const budgets = {
    spend: () => (guessesLeft > 0 ? note('spend') : Promise.reject(PasswordError.guessLimit(7))),
    reset: () => note('reset'),
  };
  const hasher = {
    hash: (password: string) => Promise.resolve(`new:${password}`),
    matches: async (password: string, stored: string | null) => {
      await note('compare');
      return stored?.slice(4) === password;
    },
    isOutdated: (stored: string) => stored.startsWith('old:'),
  };
  const passwords = new Passwords(
    hasher as unknown as PasswordHasher,
    slots,
    budgets as unknown as GuessBudgets,
    Config.from({}),
  );
  return { passwords, done };
}

describe('a guess', () => {
  it('is spent before it is compared, and forgotten when right', async () => {
    const { passwords, done } = passwordsWith();
    expect(await passwords.check(ATTEMPT, 'otters', 'new:otters')).toEqual({ right: true });
    expect(done).toEqual(['spend', 'compare', 'reset']);
  });

  it('stays spent when wrong or at nobody, and both are compared (E2, E3)', async () => {
    for (const hash of ['new:otters', null]) {
      const { passwords, done } = passwordsWith();
      expect(await passwords.check(ATTEMPT, 'wrong', hash)).toEqual({ right: false });
      expect(done).toEqual(['spend', 'compare']);
    }
  });

  it('brings a new hash when the old one costs too little', async () => {
    const { passwords } = passwordsWith();
    expect(await passwords.check(ATTEMPT, 'otters', 'old:otters')).toEqual({
      right: true,
      rehashed: 'new:otters',
    });
    expect(await passwords.check(ATTEMPT, 'wrong', 'old:otters')).toEqual({ right: false });
  });

  it('is not compared without budget', async () => {
    const { passwords, done } = passwordsWith(undefined, 0);
    await expect(passwords.check(ATTEMPT, 'otters', 'new:otters')).rejects.toMatchObject({
      code: 'password_guess_limit',
      extra: { retryAfter: 7 },
    });
    expect(done).toEqual([]);
  });

  it('costs nothing when it is shed', async () => {
    const { passwords, done } = passwordsWith(new HashSlots(0, 0));
    await expect(passwords.check(ATTEMPT, 'otters', 'new:otters')).rejects.toMatchObject({
      code: 'passwords_busy',
    });
    expect(done).toEqual([]);
  });
});

it('a refused password names its field', () => {
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
