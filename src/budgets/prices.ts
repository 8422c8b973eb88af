import { addressOf, countryOf, type Recipient } from '../common/recipient.js';
import type { Channel } from '../common/delivery.js';
import { MICROS } from '../config/phone-prices.js';

/** Without a file. */
const DEFAULT_PRICE = 0.3 * MICROS;

/** What a message segment costs, by prefix, country and channel. */
export class Prices {
  /** Prices in millionths, see `readPhonePrices`. */
  constructor(private readonly prices: ReadonlyMap<string, number>) {}

  /**
   * In millionths. The longest prefix counts, then the country, then `default`; of each, the price of
   * the channel comes first.
   */
  ofSegment(recipient: Recipient, channel: Channel): number {
    if (channel === 'email') return 0;
    for (const name of [...prefixesOf(addressOf(recipient)), countryOf(recipient) ?? '', 'default']) {
      const price = this.prices.get(`${channel}:${name}`) ?? this.prices.get(name);
      if (price !== undefined) return price;
    }
    return DEFAULT_PRICE;
  }
}

/** `+1415`, `+141`, `+14`, `+1`. */
function prefixesOf(number: string): string[] {
  return Array.from({ length: number.length - 1 }, (_, index) => number.slice(0, number.length - index));
}
