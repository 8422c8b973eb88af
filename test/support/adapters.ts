import { inspect } from 'node:util';
import type { DeliveryFailure } from '../../src/common/delivery.js';
import type { Fault, VendorStub } from './vendor-stub.js';

/** What an adapter makes of what either vendor does. */
export const FAULTS: [Fault, DeliveryFailure][] = [
  ['unauthorized', 'misconfigured'],
  ['throttled', 'throttled'],
  ['throttled, retry after 1 s', 'throttled'],
  ['html 500', 'unavailable'],
  ['html 502', 'unavailable'],
  ['garbage', 'unavailable'],
  ['reset mid-body', 'unavailable'],
];

/** What an attempt to send throws. */
export async function failureOf(sending: Promise<string>): Promise<unknown> {
  return sending.then(
    () => 'sent',
    (error: unknown) => error,
  );
}

/** Everything that a log could show of an error. */
export function shown(error: unknown): string {
  return inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
}

/** Sends to three recipients whose requests hang, each at another moment, and expects to wait eight seconds. */
export async function expectToGiveUp(
  stub: VendorStub,
  recipients: [string, string, string],
  failure: (to: string) => Promise<unknown>,
): Promise<void> {
  const hangs: Fault[] = ['hang before accepting', 'hang after accepting', 'hang mid-body'];
  hangs.forEach((fault, index) => stub.behave({ fault }, { to: recipients[index] }));
  const started = performance.now();
  for (const error of await Promise.all(recipients.map(failure)))
    expect(error).toMatchObject({ failure: 'timeout' });
  expect(performance.now() - started).toBeGreaterThan(7_900);
  expect(performance.now() - started).toBeLessThan(9_500);
}
