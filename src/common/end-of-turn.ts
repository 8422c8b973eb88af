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
