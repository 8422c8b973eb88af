import { clockTime, countdown, isCountedDown } from '../src/time.js';

describe('waiting times', () => {
  it('counts down short waits', () => {
    expect([61, 59.2, 5, 0, -3].map(countdown)).toEqual(['1:01', '1:00', '0:05', '0:00', '0:00']);
    expect([isCountedDown(600), isCountedDown(601)]).toEqual([true, false]);
  });

  it('names the time of day of long waits, never too early', () => {
    const now = new Date(2026, 10, 28, 14, 0, 1);
    expect(clockTime('de', 3_600, now)).toBe('15:01');
    expect(clockTime('en', 3_599, now)).toMatch(/^3:00\sPM$/);
  });

  it('names the weekday of another day', () => {
    expect(clockTime('en', 86_400, new Date(2026, 10, 28, 14, 0))).toMatch(/^Sunday.* 2:00\sPM$/);
  });
});
