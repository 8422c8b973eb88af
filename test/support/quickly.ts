/**
 * Does something that may take so many milliseconds (I5). They are the processor's: by the clock it would also be what
 * other programs of a busy machine did meanwhile.
 */
export function quickly<T>(milliseconds: number, work: () => T): T {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(milliseconds);
  return result;
}
