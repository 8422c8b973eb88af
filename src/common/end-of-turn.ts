/** Runs `work` once at the end of this turn of the event loop, however often it was asked for by then. */
export function atEndOfTurn(work: () => void): () => void {
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      work();
    });
  };
}

let endOfThis: Promise<void> | undefined;

/** Resolves at the end of this turn of the event loop, for all who ask for it in one turn together. */
export function endOfTurn(): Promise<void> {
  endOfThis ??= new Promise((resolve) => {
    setImmediate(() => {
      endOfThis = undefined;
      resolve();
    });
  });
  return endOfThis;
}
