type Found<T> = Exclude<T, false | null | undefined>;

/** Polls until something is so, or is there, and returns it. */
export async function until<T>(what: string, find: () => T | Promise<T>, seconds = 60): Promise<Found<T>> {
  const deadline = performance.now() + seconds * 1_000;
  for (;;) {
    const found = await find();
    if (found) return found as Found<T>;
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
