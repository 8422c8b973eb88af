import { SendAndCheck1763700000001 } from './1-send-and-check.js';
import { Accounts1763700000002 } from './2-accounts.js';
import { Delivery1763700000003 } from './3-delivery.js';
import { Growth1763700000004 } from './4-growth.js';
import { Repeats1763700000005 } from './5-repeats.js';
import { bytewiseKeys } from './6-bytewise-keys.js';

/** In the order they run. */
export const migrations = [
  SendAndCheck1763700000001,
  Accounts1763700000002,
  Delivery1763700000003,
  Growth1763700000004,
  Repeats1763700000005,
  ...bytewiseKeys,
];
