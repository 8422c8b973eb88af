import { CircuitBreaker } from './circuit-breaker.js';

describe('CircuitBreaker', () => {
  let now = 0;
  let changes: boolean[] = [];
  let breaker: CircuitBreaker;
  beforeEach(() => {
    now = 0;
    changes = [];
    breaker = new CircuitBreaker(
      (isOpen) => changes.push(isOpen),
      () => now,
    );
  });
  const fail = (times: number) => Array.from({ length: times }, () => breaker.recordFailure());

  it('opens after five consecutive failures and reports it once', () => {
    fail(4);
    breaker.recordSuccess();
    fail(4);
    expect(breaker.allowsRequest()).toBe(true);
    fail(5);
    expect(breaker.allowsRequest()).toBe(false);
    expect(changes).toEqual([true]);
  });

  it('allows one trial after 10 s, then after pauses that double up to a minute', () => {
    fail(5);
    for (const pause of [10, 20, 40, 60, 60]) {
      now += pause * 1_000 - 1;
      expect(breaker.allowsRequest()).toBe(false);
      now += 1;
      expect(breaker.allowsRequest()).toBe(true);
      expect(breaker.allowsRequest()).toBe(false);
      breaker.recordFailure();
    }
    expect(changes).toEqual([true]);
  });

  it('closes on success and counts from zero again', () => {
    fail(5);
    now = 10_000;
    breaker.allowsRequest();
    breaker.recordSuccess();
    expect(breaker.allowsRequest()).toBe(true);
    fail(5);
    now = 20_000;
    expect(breaker.allowsRequest()).toBe(true);
    expect(changes).toEqual([true, false, true]);
  });
});
