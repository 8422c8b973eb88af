/** An ALTCHA challenge, version 2. */
export interface AltchaChallenge {
  parameters: {
    algorithm: string;
    nonce: string;
    salt: string;
    cost: number;
    keyLength?: number;
    keyPrefix: string;
  };
  signature?: string;
}

export interface Solution {
  counter: number;
  derivedKey: string;
}

/** This worker tries `start`, `start + step`, `start + 2 * step` … */
export interface Share {
  challenge: AltchaChallenge;
  start: number;
  step: number;
}

const REPORT_EVERY_MS = 200;

/**
 * Finds the counter whose key begins with the wanted prefix. `report` gets the number of keys tried
 * since its last call and may stop the search.
 */
export async function solve(
  { challenge, start, step }: Share,
  report: (tried: number) => boolean | void,
): Promise<Solution | null> {
  const { nonce, salt, keyPrefix } = challenge.parameters;
  const password = new Uint8Array([...bytes(nonce), 0, 0, 0, 0]);
  const view = new DataView(password.buffer);
  const saltBytes = bytes(salt);
  const prefix = keyPrefix.toLowerCase();
  let reportedAt = performance.now();
  let tried = 0;
  for (let counter = start; ; counter += step) {
    view.setUint32(password.length - 4, counter);
    const derivedKey = hex(await derive(challenge, saltBytes, password));
    tried++;
    if (derivedKey.startsWith(prefix)) {
      report(tried);
      return { counter, derivedKey };
    }
    if (performance.now() - reportedAt < REPORT_EVERY_MS) continue;
    // Lets the thread do other work, in case it is the page's.
    await new Promise((resolve) => setTimeout(resolve));
    if (report(tried) === false) return null;
    reportedAt = performance.now();
    tried = 0;
  }
}

async function derive(
  { parameters: { algorithm, cost, keyLength = 32 } }: AltchaChallenge,
  salt: Uint8Array<ArrayBuffer>,
  password: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const { subtle } = crypto;
  if (algorithm.startsWith('PBKDF2/')) {
    const key = await subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
    const options = { name: 'PBKDF2', salt, iterations: cost, hash: algorithm.slice(7) };
    return new Uint8Array(await subtle.deriveBits(options, key, keyLength * 8));
  }
  let key = new Uint8Array([...salt, ...password]);
  for (let i = 0; i < cost; i++) key = new Uint8Array(await subtle.digest(algorithm, key));
  return key.subarray(0, keyLength);
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function hex(key: Uint8Array): string {
  return Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
