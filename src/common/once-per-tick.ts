/**
 * Returns a function that schedules `work` for the end of the current tick of the event loop. More
 * calls in the same tick schedule nothing.
 */
export function oncePerTick(work: () => void): () => void {
  let isScheduled = false;
  return () => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      work();
    });
  };
}

let endOfCurrentTick: Promise<void> | undefined;

/** Resolves at the end of the current tick. All callers in one tick get the same promise. */
export function endOfTick(): Promise<void> {
  endOfCurrentTick ??= new Promise((resolve) => {
    setImmediate(() => {
      endOfCurrentTick = undefined;
      resolve();
    });
  });
  return endOfCurrentTick;
}
