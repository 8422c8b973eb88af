import { Breaker } from './breaker.js';

describe('Breaker', () => {
  let now = 0;
  let changes: boolean[] = [];
  let breaker: Breaker;
  beforeEach(() => {
    now = 0;
    changes = [];
    breaker = new Breaker(
      (isOpen) => changes.push(isOpen),
      () => now,
    );
  });
  const fail = (times: number) => Array.from({ length: times }, () => breaker.failed());

  it('opens after five failures in a row, and says so once', () => {
    fail(4);
    breaker.succeeded();
    fail(4);
    expect(breaker.letsThrough()).toBe(true);
    fail(5);
    expect(breaker.letsThrough()).toBe(false);
    expect(changes).toEqual([true]);
  });

  it('lets one trial through after 10 s, then after twice as long, up to a minute', () => {
    fail(5);
    for (const pause of [10, 20, 40, 60, 60]) {
      now += pause * 1_000 - 1;
      expect(breaker.letsThrough()).toBe(false);
      now += 1;
      expect(breaker.letsThrough()).toBe(true);
      expect(breaker.letsThrough()).toBe(false);
      breaker.failed();
    }
    expect(changes).toEqual([true]);
  });

  it('closes on success, and starts over', () => {
    fail(5);
    now = 10_000;
    breaker.letsThrough();
    breaker.succeeded();
    expect(breaker.letsThrough()).toBe(true);
    fail(5);
    now = 20_000;
    expect(breaker.letsThrough()).toBe(true);
    expect(changes).toEqual([true, false, true]);
  });
});
