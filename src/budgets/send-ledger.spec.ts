import { sendKeys } from './budget-keys.js';
import { judgeBatch, type CountedSend, type Counter, type LedgerOptions } from './send-ledger.js';

const PRICE = 100;
const number = (index: number) => `phone:+1415555${String(index).padStart(4, '0')}` as const;

const send = (index: number, more: Partial<CountedSend> = {}): CountedSend => ({
  keys: sendKeys(number(index), `10.0.${index}.1`),
  evidence: { isPhone: true, isRecognised: false, isServer: false },
  price: PRICE,
  application: null,
  isSafeNumber: false,
  isSafeAddress: false,
  proofLevel: 0,
  ...more,
});

const EMPTY = {
  hourSent: 0,
  hourVerified: 0,
  hourSpent: 0,
  daySent: 0,
  dayVerified: 0,
  daySpent: 0,
  recognised: 0,
  fresh: 0,
  hourAge: 0,
  dayAge: 0,
};

/** What the statement returns if the sends are the first ones, each to another recipient. */
function counted(sends: CountedSend[]): Map<string, Counter> {
  const counters = new Map<string, Counter>();
  const add = (key: string | null, spent: number) => {
    if (key === null) return;
    const before = counters.get(key) ?? EMPTY;
    counters.set(key, {
      ...before,
      hourSent: before.hourSent + 1,
      daySent: before.daySent + 1,
      hourSpent: before.hourSpent + spent,
      daySpent: before.daySpent + spent,
    });
  };
  for (const { keys, price } of sends) {
    for (const key of [keys.network, keys.prefix, keys.country]) add(key, 0);
    for (const key of [keys.application, 'money']) add(key, price);
    counters.set(keys.recipient, { ...EMPTY, hourSent: 1, daySent: 1, fresh: 7 });
  }
  return counters;
}

const asCounted = (sends: CountedSend[]) => sends.map((each) => ({ send: each, isCounted: true }));

const NO_LIMIT: LedgerOptions = { spend: { perHour: null, perDay: null }, enforcesFraud: true };
const judge = (sends: CountedSend[], options: Partial<LedgerOptions> = {}) =>
  judgeBatch(asCounted(sends), counted(sends), { ...NO_LIMIT, ...options });
const hundred = (more: Partial<CountedSend> = {}) =>
  Array.from({ length: 100 }, (_, index) => send(index, more));
const outcomes = (verdicts: { outcome: string }[]) => {
  const count = (outcome: string) => verdicts.filter((verdict) => verdict.outcome === outcome).length;
  return { allowed: count('allowed'), proof: count('proof'), refused: count('refused') };
};

describe('judgeBatch', () => {
  it('does not let a batch of a hundred pass the limit of a prefix', () => {
    expect(outcomes(judge(hundred()))).toEqual({ allowed: 5, proof: 95, refused: 0 });
    expect(outcomes(judge(hundred({ proofLevel: 4 })))).toEqual({ allowed: 5, proof: 10, refused: 85 });
  });

  it('does not let a batch of a hundred pass the spend limit', () => {
    const options = { spend: { perHour: 10 * PRICE, perDay: null }, enforcesFraud: false };
    expect(outcomes(judge(hundred(), options))).toEqual({ allowed: 8, proof: 0, refused: 92 });
    const recognised = { evidence: { isPhone: true, isRecognised: true, isServer: false } };
    expect(outcomes(judge(hundred(recognised), options))).toEqual({ allowed: 10, proof: 0, refused: 90 });
  });

  it('does not count refused messages against later ones of the batch', () => {
    const pumped = hundred({ proofLevel: 4 });
    const honest = send(0, { keys: sendKeys('phone:+14155660001', '10.9.9.9') });
    const options = { spend: { perHour: 20 * PRICE, perDay: null } };
    expect(judge([...pumped, honest], options).at(-1)).toMatchObject({ outcome: 'allowed' });
  });

  it('judges by what was counted before the batch', () => {
    const sends = [send(1)];
    const counters = counted(sends);
    const prefix = counters.get('prefix:+1415555');
    counters.set('prefix:+1415555', { ...EMPTY, ...prefix, hourSent: 16, daySent: 16 });
    expect(judgeBatch(asCounted(sends), counters, NO_LIMIT)).toMatchObject([
      { outcome: 'refused', scope: 'prefix' },
    ]);
  });

  it('judges messages that are not counted yet as if they were', () => {
    const sends = hundred();
    const counters = new Map([...counted(sends).keys()].map((key) => [key, { ...EMPTY, fresh: 7 }]));
    const calls = sends.map((each) => ({ send: each, isCounted: false }));
    expect(outcomes(judgeBatch(calls, counters, NO_LIMIT))).toEqual({ allowed: 5, proof: 95, refused: 0 });
    expect(counters.get('prefix:+1415555')).toMatchObject({ hourSent: 5, daySent: 5 });
  });

  it('counts a recipient once', () => {
    const sends = [send(1)];
    const counters = counted(sends);
    counters.set('to:phone:+14155550001', { ...EMPTY, hourSent: 2, daySent: 2, fresh: 0 });
    counters.set('prefix:+1415555', { ...EMPTY, hourSent: 5, daySent: 5 });
    expect(judgeBatch(asCounted(sends), counters, NO_LIMIT)).toMatchObject([{ outcome: 'allowed' }]);
  });

  it('records in observe mode what it would have done', () => {
    const verdicts = judge(hundred(), { enforcesFraud: false });
    expect(outcomes(verdicts)).toEqual({ allowed: 100, proof: 0, refused: 0 });
    expect(verdicts.filter(({ observed }) => observed === 'prefix')).toHaveLength(95);
  });

  it('enforces the limits of recipient, application and money in observe mode', () => {
    const sends = [send(1)];
    const counters = counted(sends);
    counters.set('to:phone:+14155550001', { ...EMPTY, hourSent: 21, daySent: 21, fresh: 0 });
    expect(judgeBatch(asCounted(sends), counters, { ...NO_LIMIT, enforcesFraud: false })).toMatchObject([
      { outcome: 'refused', scope: 'recipient' },
    ]);
  });

  it('does not take a proof that is too easy', () => {
    expect(outcomes(judge(hundred({ proofLevel: 2 })))).toEqual({ allowed: 5, proof: 95, refused: 0 });
  });

  it('asks a server application for no proof, and refuses it at the hard limit', () => {
    const server = { evidence: { isPhone: true, isRecognised: false, isServer: true } };
    expect(outcomes(judge(hundred(server)))).toEqual({ allowed: 15, proof: 0, refused: 85 });
  });

  it('does not hold up recognised devices and the safe list', () => {
    const recognised = { evidence: { isPhone: true, isRecognised: true, isServer: false } };
    expect(outcomes(judge(hundred(recognised)))).toMatchObject({ allowed: 100 });
    expect(outcomes(judge(hundred({ isSafeNumber: true })))).toMatchObject({ allowed: 100 });
  });

  it('limits an application within a batch', () => {
    const application = { messagesPerMinute: 30, messagesPerDay: null, spendPerDay: 20 * PRICE };
    const sends = Array.from({ length: 100 }, (_, index) =>
      send(index, {
        keys: sendKeys(number(index * 10_000), null, 'shop'),
        isSafeNumber: true,
        application,
      }),
    );
    expect(outcomes(judge(sends))).toEqual({ allowed: 20, proof: 0, refused: 80 });
  });
});
