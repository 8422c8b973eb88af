type Found<T> = Exclude<T, false | null | undefined>;

/** Polls until `find` returns a truthy value, and returns that value. */
export async function until<T>(
  description: string,
  find: () => T | Promise<T>,
  seconds = 60,
): Promise<Found<T>> {
  const deadline = performance.now() + seconds * 1_000;
  for (;;) {
    const found = await find();
    if (found) return found as Found<T>;
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${description}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
