import { Logger } from '@nestjs/common';
import { DeliveryError } from '../../common/delivery.js';
import { Keyring } from '../../common/keyring.js';
import { Metrics } from '../../metrics/metrics.js';
import { Config } from '../../config/config.js';
import { Mailer, type Mail } from '../../mail/mailer.js';
import { Mailers } from '../../mail/mailers.js';
import type { PhoneSenders } from '../../sms/phone-senders.js';
import { DeliveryAttempts } from './delivery-attempts.js';
import type { LeasedMessage } from '../notifier.js';
import { ProviderSelector } from './provider-selector.js';
import { Templates } from '../text/templates.js';

class FakeMailer extends Mailer {
  reportsDelivery = true;
  failure: DeliveryError | Error | null = new DeliveryError('unavailable');
  readonly attempted: Mail[] = [];

  constructor(readonly provider: string) {
    super();
  }

  send(mail: Mail): Promise<string> {
    this.attempted.push(mail);
    return this.failure ? Promise.reject(this.failure) : Promise.resolve(`${this.provider}-1`);
  }
}

describe('DeliveryAttempts', () => {
  beforeAll(() => void Logger.overrideLogger(false));
  afterAll(() => void Logger.overrideLogger(true));

  const keyring = new Keyring('a secret of this test, long enough to be one');
  const setUp = (names: string[], settings: Record<string, string> = {}) => {
    const config = Config.from(settings);
    const mailers = names.map((name) => new FakeMailer(name));
    const noPhoneSenders = { forCountry: () => [] } as unknown as PhoneSenders;
    const selector = new ProviderSelector(
      new Templates(config),
      keyring,
      new Mailers(mailers),
      noPhoneSenders,
      config,
      new Metrics(),
    );
    return { mailers, attempts: new DeliveryAttempts(selector, config) };
  };
  const message = (attempt: number, lastProvider: string | null = null): LeasedMessage => ({
    id: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001',
    recipient: 'email:ada@example.com',
    purpose: 'verification',
    lane: '',
    channel: 'email',
    template: 'code',
    sealed: keyring.seal('{"code":"012345"}', 'email:ada@example.com', 'verification', ''),
    secondsLeft: 300,
    attempts: attempt,
    lastProvider,
  });
  const rejected = (code: number, retryElsewhere: boolean) =>
    new DeliveryError('rejected', code, retryElsewhere);

  describe('with one provider', () => {
    it.each([
      [1, 300, 1],
      [3, 300, 4],
      [9, 300, 30],
      [100, 300, 30],
      [5, 86_400, 16],
      [9, 86_400, 256],
      [100, 86_400, 1_728],
      [100, 1_600, 32],
    ])(
      'waits after attempt %d with %d seconds left for up to %d seconds',
      async (attempts, secondsLeft, maxWait) => {
        const { state, retryIn } = await setUp(['a']).attempts.run(message(attempts), secondsLeft);
        expect(state).toBe('queued');
        expect(retryIn).toBeLessThanOrEqual(maxWait);
        expect(retryIn).toBeGreaterThanOrEqual(maxWait / 2);
      },
    );

    it('waits at most half of the remaining life and expires a message in its last seconds', async () => {
      const { attempts } = setUp(['a']);
      expect(await attempts.run(message(6), 14)).toMatchObject({ state: 'queued', retryIn: 7 });
      expect(await attempts.run(message(6), 2)).toMatchObject({
        state: 'expired',
        failure: 'unavailable',
      });
      expect(await attempts.run(message(1), 0.9)).toEqual({ id: message(1).id, state: 'expired' });
    });

    it.each([false, true])(
      'fails a message that the provider rejects (retry elsewhere: %p)',
      async (retryElsewhere) => {
        const { attempts, mailers } = setUp(['a']);
        Object.assign(mailers[0] ?? {}, { failure: rejected(406, retryElsewhere) });
        expect(await attempts.run(message(1), 300)).toMatchObject({
          state: 'failed',
          failure: 'rejected (406)',
        });
      },
    );

    it('uses the only provider even if its circuit is open', async () => {
      const { attempts, mailers } = setUp(['a']);
      for (let i = 0; i < 8; i++) await attempts.run(message(1), 300);
      expect(mailers[0]?.attempted).toHaveLength(8);
    });
  });

  describe('with several providers', () => {
    it('tries the next provider at once with the same code, and starts over after a full round', async () => {
      const { attempts, mailers } = setUp(['a', 'b']);
      const first = await attempts.run(message(1), 300);
      expect(first).toMatchObject({ state: 'queued', provider: 'a', failure: 'unavailable' });
      expect(first.retryIn).toBeLessThanOrEqual(0.2);

      const second = await attempts.run(message(2, 'a'), 299);
      expect(second).toMatchObject({ state: 'queued', provider: 'b' });
      expect(second.retryIn).toBeGreaterThanOrEqual(0.5);
      expect(second.retryIn).toBeLessThanOrEqual(1);

      expect(await attempts.run(message(3, 'b'), 298)).toMatchObject({ provider: 'a' });
      const fourth = await attempts.run(message(4, 'a'), 297);
      expect(fourth).toMatchObject({ provider: 'b' });
      expect(fourth.retryIn).toBeGreaterThanOrEqual(1);
      const codes = mailers.flatMap(({ attempted }) => attempted.map(({ code }) => code));
      expect(codes).toEqual(Array(4).fill('012345'));
    });

    it('tries another provider unless the rejection concerns the address', async () => {
      const { attempts, mailers } = setUp(['a', 'b']);
      for (const mailer of mailers) mailer.failure = rejected(21408, true);
      expect(await attempts.run(message(1), 300)).toMatchObject({ state: 'queued', retryIn: 0.1 });
      expect(await attempts.run(message(2, 'a'), 300)).toMatchObject({ state: 'queued', provider: 'b' });
      // Every provider is tried twice, because the first attempt may fail for a passing reason.
      expect(await attempts.run(message(4, 'a'), 300)).toMatchObject({ state: 'failed', provider: 'b' });

      for (const mailer of mailers) mailer.failure = rejected(21211, false);
      expect(await attempts.run(message(1), 300)).toMatchObject({ state: 'failed', provider: 'a' });
    });

    it.each(['unavailable', 'timeout', 'throttled', 'misconfigured'] as const)(
      'skips a provider after five consecutive failures of kind "%s"',
      async (kind) => {
        const { attempts, mailers } = setUp(['a', 'b']);
        const [a, b] = mailers as [FakeMailer, FakeMailer];
        a.failure = new DeliveryError(kind);
        b.failure = null;
        for (let i = 0; i < 5; i++) await attempts.run(message(1), 300);
        expect(await attempts.run(message(1), 300)).toMatchObject({ state: 'sent', provider: 'b' });
        expect(a.attempted).toHaveLength(5);
      },
    );

    it('does not skip a provider that refuses messages unexpectedly, and logs one error for each', async () => {
      const { attempts, mailers } = setUp(['a', 'b']);
      const [a, b] = mailers as [FakeMailer, FakeMailer];
      a.failure = new DeliveryError('rejected', 21701, true, true);
      b.failure = null;
      const errors: unknown[] = [];
      const ignore = () => undefined;
      Logger.overrideLogger({ log: ignore, warn: ignore, error: (line: unknown) => errors.push(line) });
      for (let i = 0; i < 8; i++) {
        expect(await attempts.run(message(1), 300)).toMatchObject({ state: 'queued', retryIn: 0.1 });
        expect(await attempts.run(message(2, 'a'), 300)).toMatchObject({ state: 'sent', provider: 'b' });
      }
      // The second round of one message.
      await attempts.run(message(3, 'b'), 300);
      expect(a.attempted).toHaveLength(9);
      Logger.overrideLogger(false);
      expect(errors).toHaveLength(8);
      expect(errors[0]).toMatchObject({ provider: 'a', failure: 'rejected (21701)' });
    });

    it('does not skip a provider that rejects addresses', async () => {
      const { attempts, mailers } = setUp(['a', 'b']);
      Object.assign(mailers[0] ?? {}, { failure: rejected(550, false) });
      for (let i = 0; i < 8; i++) await attempts.run(message(1), 300);
      expect(mailers[0]?.attempted).toHaveLength(8);
    });

    it('waits for a receipt only if it can arrive in time and another provider is left', async () => {
      const { attempts, mailers } = setUp(['a', 'b'], { RECEIPT_TIMEOUT_SECONDS: '30' });
      for (const mailer of mailers) mailer.failure = null;
      expect(await attempts.run(message(1), 300)).toMatchObject({ awaitReceiptSeconds: 30 });
      expect(await attempts.run(message(1), 25)).not.toHaveProperty('awaitReceiptSeconds');
      expect(await attempts.run(message(2, 'a'), 300)).toEqual({
        id: message(1).id,
        state: 'sent',
        provider: 'b',
        providerRef: 'b-1',
      });
      Object.assign(mailers[0] ?? {}, { reportsDelivery: false });
      expect(await attempts.run(message(1), 300)).not.toHaveProperty('awaitReceiptSeconds');
    });
  });

  it('fails a message that has no provider', async () => {
    const { attempts } = setUp([]);
    expect(await attempts.run(message(1), 300)).toMatchObject({ state: 'failed', failure: 'rejected' });
  });

  it('calls no provider for a message that cannot be opened', async () => {
    const { attempts, mailers } = setUp(['a']);
    const unreadable = { ...message(1), sealed: Buffer.from('nothing') };
    expect(await attempts.run(unreadable, 300)).toMatchObject({
      state: 'queued',
      failure: 'misconfigured',
    });
    expect(mailers[0]?.attempted).toEqual([]);
  });

  it("tries the next provider when a vendor's list holds the owner of a recognised device", async () => {
    const { mailers, attempts } = setUp(['postmark', 'smtp']);
    const [postmark] = mailers as [FakeMailer, FakeMailer];
    postmark.failure = new DeliveryError('rejected', 406);
    expect(await attempts.run(message(1), 300)).toMatchObject({ state: 'failed', failure: 'rejected (406)' });
    const fromDevice = { ...message(1), fromDevice: true };
    expect(await attempts.run(fromDevice, 300)).toMatchObject({ state: 'queued', failure: 'rejected (406)' });
  });
});
