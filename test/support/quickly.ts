/**
 * Runs `work` and expects it to use less than `milliseconds` of processor time. Wall-clock time
 * would also include other programs on a busy machine.
 */
export function quickly<T>(milliseconds: number, work: () => T): T {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(milliseconds);
  return result;
}
