import type { Crowd, Simulation } from './simulation.js';

export const MINUTE = 60;
export const HOUR = 3_600;
export const DAY = 24 * HOUR;
/** Processor time of a proof of level 1 on average, see src/budgets/proof-of-work.ts. */
const SECONDS_OF_PROOF = 0.17;

/** What must hold. */
export interface Bar {
  what: string;
  measured: number;
  atMost: number;
}

export interface Result {
  attempts: number;
  messages: number;
  money: number;
  /** Honest people who were asked for a proof of work, or refused. */
  honest: string;
  bars: Bar[];
}

export interface Scenario {
  name: string;
  title: string;
  /** Only `pnpm bench:fraud` runs it. Its short form is a variant of another scenario, and takes long. */
  isOnlyInBench?: true;
  /** The short form is the same with fewer requests. */
  run: (simulation: Simulation, isFull: boolean) => Promise<Result>;
}

export const range = (length: number) => Array.from({ length }, (_, index) => index);
export const digits = (count: number) => String(Math.floor(Math.random() * 10 ** count)).padStart(count, '0');
/** The `index`-th network of a provider. */
export const network = (provider: number, index: number) =>
  `${provider}.${(index >> 8) & 255}.${index & 255}.${1 + Math.floor(Math.random() * 250)}`;
export const germanNumber = () => `+49151${digits(8)}`;
export function americanNumber(): string {
  const areas = [206, 212, 213, 305, 312, 404, 503, 602, 617, 702, 713];
  return `+1${areas[Math.floor(Math.random() * areas.length)]}${220 + Math.floor(Math.random() * 80)}${digits(4)}`;
}
export const share = (part: number, all: number) => part / Math.max(1, all);
export const describe = ({ asked, refused, refusals, attempts }: Crowd) =>
  `${asked} asked, ${refused} refused of ${attempts} ${Object.keys(refusals).join()}`.trim();
export const processorHours = ({ work }: Simulation) => (work * SECONDS_OF_PROOF) / HOUR;
