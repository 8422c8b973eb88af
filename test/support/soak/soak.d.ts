export interface SoakSample {
  seconds: number;
  requests: number;
  rows: number;
  mebibytes: number;
  heap: number;
  logPerRequest: number;
  connections: number;
}

export interface SoakReport {
  requests: number;
  answers: Record<string, number>;
  unexpected: string[];
  slopes: Record<string, number>;
  /** Rows after housekeeping removed everything that is finished. */
  rowsLeft: number;
  handles: Record<'before' | 'after', Record<string, number>>;
  samples: SoakSample[];
}

/** `share` scales the load: 1, the default, is 296 requests per second. */
export function soak(options: { databaseUrl: string; minutes: number; share?: number }): Promise<SoakReport>;
