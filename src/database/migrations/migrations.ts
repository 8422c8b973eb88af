import { SendAndCheck1763700000001 } from './1-send-and-check.js';

/** In the order they run. */
export const migrations = [SendAndCheck1763700000001];
