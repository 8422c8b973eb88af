import {
  judgeApplication,
  judgeMoney,
  judgeRecipient,
  judgeScope,
  passwordGuessesWith,
  passwordProofLevel,
  stricter,
  type Evidence,
  type Judgement,
  type Usage,
} from './budget-rules.js';

const NONE: Usage = {
  hourSent: 0,
  hourVerified: 0,
  hourSpent: 0,
  daySent: 0,
  dayVerified: 0,
  daySpent: 0,
  recognised: 0,
  hourAge: 600,
  dayAge: 3_600,
};
const usage = (used: Partial<Usage>): Usage => ({ ...NONE, ...used });
const MAILBOX: Evidence = { isPhone: false, isRecognised: false, isServer: false };
const PHONE: Evidence = { ...MAILBOX, isPhone: true };

/** `0` allowed, `1` to `4` the level of the proof, `x` refused. */
const sign = (judgement: Judgement) => ('retryAfter' in judgement ? 'x' : String(judgement.level));
/** The signs for 1, 2, … messages. */
const signs = (count: number, judge: (n: number) => Judgement) =>
  Array.from({ length: count }, (_, index) => sign(judge(index + 1))).join('');

const judgeNetwork = (used: Usage, isWide = false) => judgeScope(isWide ? 'wideNetwork' : 'network', used);
const judgePrefix = (used: Usage) => judgeScope('prefix', used);
const judgeCountry = (used: Usage) => judgeScope('country', used);

const HOUR_LEFT = { retryAfter: 3_000 };
const DAY_LEFT = { retryAfter: 82_800 };

describe('judgeRecipient', () => {
  const messages = (count: number, evidence: Evidence, used: Partial<Usage> = {}) =>
    signs(count, (daySent) => judgeRecipient(usage({ daySent, ...used }), evidence));

  it('asks a stranger for ever harder proofs after six messages and refuses the 21st', () => {
    expect(messages(23, MAILBOX)).toBe('00000011112222333444xxx');
    expect(judgeRecipient(usage({ daySent: 21 }), MAILBOX)).toEqual(DAY_LEFT);
  });

  it('gives recognised devices four more and asks them for no proof', () => {
    expect(messages(26, { ...MAILBOX, isRecognised: true })).toBe('0'.repeat(24) + 'xx');
  });

  it('asks server applications for no proof', () => {
    expect(messages(22, { ...MAILBOX, isServer: true })).toBe('0'.repeat(20) + 'xx');
  });

  it('refuses a phone number after ten right codes', () => {
    const verifiedBefore = (n: number) => judgeRecipient(usage({ daySent: n, dayVerified: n - 1 }), PHONE);
    expect(signs(12, verifiedBefore)).toBe('0000001111xx');
  });

  it('refuses the eleventh message to a phone number whose codes are all right, also on recognised devices', () => {
    const devices = { ...PHONE, isRecognised: true };
    const judge = (n: number) => judgeRecipient(usage({ daySent: n, dayVerified: n - 1 }), devices);
    expect(signs(11, judge)).toBe('0'.repeat(10) + 'x');
  });

  it('refuses the eleventh message for recognised devices to a phone number', () => {
    const burst = (n: number) =>
      judgeRecipient(usage({ daySent: n, recognised: n }), { ...PHONE, isRecognised: true });
    expect(signs(12, burst)).toBe('0'.repeat(10) + 'xx');
  });

  it('lets a recognised device in after strangers used up their part', () => {
    const owner = { ...PHONE, isRecognised: true };
    expect(judgeRecipient(usage({ daySent: 21, recognised: 1 }), owner)).toEqual({ level: 0 });
    expect(judgeRecipient(usage({ daySent: 25, recognised: 5 }), owner)).toEqual(DAY_LEFT);
  });

  it('does not limit right codes of a mailbox', () => {
    expect(messages(20, { ...MAILBOX, isRecognised: true }, { dayVerified: 19 })).toBe('0'.repeat(20));
  });

  it('never refuses an owner before the 20th message if nothing was verified', () => {
    expect(messages(20, PHONE)).not.toContain('x');
  });
});

describe('the limit per network', () => {
  const unverified = (count: number, hourVerified = 0, isWide = false) =>
    signs(count, (n) => judgeNetwork(usage({ hourSent: n + hourVerified, hourVerified }), isWide));

  it('allows five unverified recipients, and twenty with a proof', () => {
    expect(unverified(22)).toBe('00000' + '111222233334444' + 'xx');
    expect(judgeNetwork(usage({ hourSent: 21 }))).toEqual(HOUR_LEFT);
  });

  it('allows more for every right code', () => {
    expect(unverified(32, 5)).toMatch(/^0{10}[1-4]{20}xx$/);
  });

  it('allows four times as much in a wide network', () => {
    expect(unverified(82, 0, true)).toMatch(/^0{20}[1-4]{60}xx$/);
  });

  it('does not refuse a busy network of which three quarters verify', () => {
    const refused = Array.from({ length: 1_000 }, (_, sent) =>
      judgeNetwork(usage({ hourSent: sent, hourVerified: Math.floor(sent * 0.75) })),
    ).filter((judgement) => sign(judgement) !== '0');
    expect(refused).toEqual([]);
  });
});

describe('the limit per prefix', () => {
  it('allows five an hour, and fifteen with a proof', () => {
    expect(signs(17, (n) => judgePrefix(usage({ hourSent: n, daySent: n })))).toMatch(/^0{5}[1-4]{10}xx$/);
    expect(judgePrefix(usage({ hourSent: 16, daySent: 16 }))).toEqual(HOUR_LEFT);
  });

  it('allows twenty a day, and twenty-five with a proof', () => {
    expect(signs(27, (n) => judgePrefix(usage({ hourSent: 1, daySent: n })))).toMatch(/^0{20}[1-4]{5}xx$/);
    expect(judgePrefix(usage({ hourSent: 1, daySent: 26 }))).toEqual(DAY_LEFT);
  });

  it('allows more for every right code', () => {
    const judge = (n: number) =>
      judgePrefix(usage({ hourSent: n + 10, hourVerified: 10, daySent: n + 10, dayVerified: 10 }));
    expect(signs(47, judge)).toMatch(/^0{15}[1-4]{30}xx$/);
  });
});

describe('the limit per country', () => {
  it('never refuses, and asks for harder proofs with the excess', () => {
    const level = (hourSent: number) => sign(judgeCountry(usage({ hourSent, daySent: hourSent })));
    expect([20, 21, 40, 80, 160, 1_000_000].map(level).join('')).toBe('012344');
  });

  it('has a limit per day', () => {
    expect(judgeCountry(usage({ hourSent: 1, daySent: 100 }))).toEqual({ level: 0 });
    expect(judgeCountry(usage({ hourSent: 1, daySent: 101 }))).toEqual({ level: 1 });
  });

  it('allows one more for every right code of the hour, and one for five of the day', () => {
    const level = (outstanding: number) =>
      sign(
        judgeCountry(usage({ hourSent: outstanding + 10, hourVerified: 10, daySent: 99, dayVerified: 50 })),
      );
    expect([40, 41].map(level).join('')).toBe('01');
  });

  it('allows any number of people of whom three quarters verify', () => {
    const launch = { hourSent: 10_000, hourVerified: 7_500, daySent: 90_000, dayVerified: 67_500 };
    expect(judgeCountry(usage(launch))).toEqual({ level: 0 });
  });
});

describe('judgeMoney', () => {
  const limits = { perHour: 100, perDay: 1_000 };

  it('keeps the last fifth for recognised devices and server applications', () => {
    const spend = (hourSpent: number, evidence: Partial<Evidence> = {}) =>
      sign(judgeMoney(usage({ hourSpent, daySpent: hourSpent }), limits, { ...PHONE, ...evidence }));
    expect([spend(80), spend(81)]).toEqual(['0', 'x']);
    expect([spend(100, { isRecognised: true }), spend(101, { isRecognised: true })]).toEqual(['0', 'x']);
    expect([spend(100, { isServer: true }), spend(101, { isServer: true })]).toEqual(['0', 'x']);
  });

  it('says when the window that is used up ends', () => {
    expect(judgeMoney(usage({ hourSpent: 81, daySpent: 81 }), limits, PHONE)).toEqual(HOUR_LEFT);
    expect(judgeMoney(usage({ hourSpent: 1, daySpent: 801 }), limits, PHONE)).toEqual(DAY_LEFT);
  });

  it('allows everything without limits', () => {
    const none = { perHour: null, perDay: null };
    expect(judgeMoney(usage({ hourSpent: 1e12, daySpent: 1e12 }), none, PHONE)).toEqual({ level: 0 });
  });
});

describe('judgeApplication', () => {
  const limits = { messagesPerMinute: 10, messagesPerDay: 100, spendPerDay: 1_000 };

  it.each([
    [{ hourSent: 10, daySent: 100, daySpent: 1_000 }, { level: 0 }],
    [{ hourSent: 11, daySent: 11, hourAge: 20 }, { retryAfter: 40 }],
    [{ hourSent: 1, daySent: 101 }, DAY_LEFT],
    [{ hourSent: 1, daySent: 1, daySpent: 1_001 }, DAY_LEFT],
  ])('judges %j as %j', (used, expected) => {
    expect(judgeApplication(usage(used), limits)).toEqual(expected);
  });

  it('has no daily limits unless they are set', () => {
    const perMinute = { messagesPerMinute: 10, messagesPerDay: null, spendPerDay: null };
    expect(judgeApplication(usage({ daySent: 1e6, daySpent: 1e9 }), perMinute)).toEqual({ level: 0 });
  });
});

describe('stricter', () => {
  it.each([
    [{ level: 1 }, { level: 3 }, { level: 3 }],
    [{ level: 2 }, { level: 0 }, { level: 2 }],
    [{ level: 4 }, { retryAfter: 5 }, { retryAfter: 5 }],
    [{ retryAfter: 5 }, { level: 4 }, { retryAfter: 5 }],
    [{ retryAfter: 5 }, { retryAfter: 9 }, { retryAfter: 9 }],
    [{ retryAfter: 9 }, { retryAfter: 5 }, { retryAfter: 9 }],
  ] as [Judgement, Judgement, Judgement][])('of %j and %j is %j', (one, other, expected) => {
    expect(stricter(one, other)).toEqual(expected);
  });
});

it('asks for a proof from the eleventh guess at a password', () => {
  expect([1, 10, 11, 12, 13, 14, 15, 20].map(passwordProofLevel)).toEqual([0, 0, 1, 2, 3, 4, 4, 4]);
});

it('allows as many guesses as the level of the proof pays for', () => {
  expect([0, 1, 2, 3, 4].map(passwordGuessesWith)).toEqual([10, 11, 12, 13, 15]);
});

it('tells a caller to wait for at least a second', () => {
  expect(judgeNetwork(usage({ hourSent: 100, hourAge: 3_600 }))).toEqual({ retryAfter: 1 });
});
