import { createRequire } from 'node:module';
import type twilio from 'twilio';

const require = createRequire(import.meta.url);

/** Loads Twilio's SDK on first use, because loading it takes a sixth of the start-up time. */
export function twilioSdk(): typeof twilio {
  return require('twilio') as typeof twilio;
}
