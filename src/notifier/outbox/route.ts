import { Breaker } from './breaker.js';

/** A provider that would take one message. */
export interface Way {
  provider: string;
  receipts: boolean;
  /** What the breaker watches: a provider in one channel, and a country's own sender for itself. */
  carrier: object;
  send: () => Promise<string>;
}

/** The ways of one message, in the order to try. */
export class Route {
  constructor(
    private readonly ways: Way[],
    private readonly breakerOf: (way: Way) => Breaker,
  ) {}

  get length(): number {
    return this.ways.length;
  }

  /**
   * The first way after the one that was tried last, around the end, that its breaker lets through. Where none is let
   * through there is nothing to save, so the next in turn gets it: the back-off alone holds it up.
   */
  after(lastProvider: string | null): Way | undefined {
    const start = this.ways.findIndex(({ provider }) => provider === lastProvider) + 1;
    const inTurn = [...this.ways.slice(start), ...this.ways.slice(0, start)];
    return inTurn.find((way) => this.breakerOf(way).letsThrough()) ?? inTurn[0];
  }

  /** Whether this round has another to try after it. */
  hasMoreAfter(way: Way): boolean {
    return this.ways.slice(this.ways.indexOf(way) + 1).some((other) => !this.breakerOf(other).isOpen);
  }
}
