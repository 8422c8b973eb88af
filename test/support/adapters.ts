import { inspect } from 'node:util';
import { VENDOR_TIMEOUT_SECONDS, type DeliveryFailure } from '../../src/common/delivery.js';
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

/** Injected into adapters instead of the default, so that no test waits eight seconds. */
export const SHORT_TIMEOUT_SECONDS = 0.4;

/** Sends to three recipients whose requests hang, each at another moment, and expects time-outs. */
export async function expectToGiveUp(
  stub: VendorStub,
  recipients: [string, string, string],
  failure: (to: string) => Promise<unknown>,
): Promise<void> {
  const hangs: Fault[] = ['hang before accepting', 'hang after accepting', 'hang mid-body'];
  hangs.forEach((fault, index) => stub.behave({ fault }, { to: recipients[index] }));
  await expectShortTimeouts(() => Promise.all(recipients.map(failure)));
}

/** Expects that every attempt fails with `timeout`, after the injected time and not the default. */
export async function expectShortTimeouts(attempts: () => Promise<unknown[]>): Promise<void> {
  const started = performance.now();
  for (const error of await attempts()) expect(error).toMatchObject({ failure: 'timeout' });
  const seconds = (performance.now() - started) / 1_000;
  expect(seconds).toBeGreaterThan(SHORT_TIMEOUT_SECONDS - 0.05);
  // Twenty times the injected time, so a busy machine does not fail here.
  expect(seconds).toBeLessThan(VENDOR_TIMEOUT_SECONDS);
}
