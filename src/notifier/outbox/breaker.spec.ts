import { CircuitBreaker } from './breaker.js';

describe('Breaker', () => {
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

  it('opens after five failures in a row, and says so once', () => {
    fail(4);
    breaker.recordSuccess();
    fail(4);
    expect(breaker.allowsRequest()).toBe(true);
    fail(5);
    expect(breaker.allowsRequest()).toBe(false);
    expect(changes).toEqual([true]);
  });

  it('lets one trial through after 10 s, then after twice as long, up to a minute', () => {
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

  it('closes on success, and starts over', () => {
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
