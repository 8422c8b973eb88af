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
  readonly tried: Mail[] = [];

  constructor(readonly provider: string) {
    super();
  }

  send(mail: Mail): Promise<string> {
    this.tried.push(mail);
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
    const noPhones = { forCountry: () => [] } as unknown as PhoneSenders;
    const selector = new ProviderSelector(
      new Templates(config),
      keyring,
      new Mailers(mailers),
      noPhones,
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
  const rejected = (code: number, elsewhere: boolean) => new DeliveryError('rejected', code, elsewhere);

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
    ])('after attempt %d, with %d seconds left, waits up to %d seconds', async (attempts, left, longest) => {
      const { state, retryIn } = await setUp(['a']).attempts.run(message(attempts), left);
      expect(state).toBe('queued');
      expect(retryIn).toBeLessThanOrEqual(longest);
      expect(retryIn).toBeGreaterThanOrEqual(longest / 2);
    });

    it('waits for half of what is left at most, and ends a message whose last seconds run', async () => {
      const { attempts } = setUp(['a']);
      expect(await attempts.run(message(6), 14)).toMatchObject({ state: 'queued', retryIn: 7 });
      expect(await attempts.run(message(6), 2)).toMatchObject({
        state: 'expired',
        failure: 'unavailable',
      });
      expect(await attempts.run(message(1), 0.9)).toEqual({ id: message(1).id, state: 'expired' });
    });

    it.each([false, true])('ends a message that it refuses (elsewhere: %p)', async (elsewhere) => {
      const { attempts, mailers } = setUp(['a']);
      Object.assign(mailers[0] ?? {}, { failure: rejected(406, elsewhere) });
      expect(await attempts.run(message(1), 300)).toMatchObject({
        state: 'failed',
        failure: 'rejected (406)',
      });
    });

    it('is not passed over, for nobody else could do better', async () => {
      const { attempts, mailers } = setUp(['a']);
      for (let i = 0; i < 8; i++) await attempts.run(message(1), 300);
      expect(mailers[0]?.tried).toHaveLength(8);
    });
  });

  describe('with several providers', () => {
    it('takes the next one at once, with the same code, and the first again when all had their turn', async () => {
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
      const codes = mailers.flatMap(({ tried }) => tried.map(({ code }) => code));
      expect(codes).toEqual(Array(4).fill('012345'));
    });

    it('goes on from a refusal of its own, and not from one of the address', async () => {
      const { attempts, mailers } = setUp(['a', 'b']);
      for (const mailer of mailers) mailer.failure = rejected(21408, true);
      expect(await attempts.run(message(1), 300)).toMatchObject({ state: 'queued', retryIn: 0.1 });
      expect(await attempts.run(message(2, 'a'), 300)).toMatchObject({ state: 'queued', provider: 'b' });
      // The first could have been away for the first time: each is asked twice.
      expect(await attempts.run(message(4, 'a'), 300)).toMatchObject({ state: 'failed', provider: 'b' });

      for (const mailer of mailers) mailer.failure = rejected(21211, false);
      expect(await attempts.run(message(1), 300)).toMatchObject({ state: 'failed', provider: 'a' });
    });

    it.each(['unavailable', 'timeout', 'throttled', 'misconfigured'] as const)(
      'passes one over after five times "%s" in a row',
      async (kind) => {
        const { attempts, mailers } = setUp(['a', 'b']);
        const [a, b] = mailers as [FakeMailer, FakeMailer];
        a.failure = new DeliveryError(kind);
        b.failure = null;
        for (let i = 0; i < 5; i++) await attempts.run(message(1), 300);
        expect(await attempts.run(message(1), 300)).toMatchObject({ state: 'sent', provider: 'b' });
        expect(a.tried).toHaveLength(5);
      },
    );

    it('does not pass one over that refuses addresses', async () => {
      const { attempts, mailers } = setUp(['a', 'b']);
      Object.assign(mailers[0] ?? {}, { failure: rejected(550, false) });
      for (let i = 0; i < 8; i++) await attempts.run(message(1), 300);
      expect(mailers[0]?.tried).toHaveLength(8);
    });

    it('waits for a receipt where there is another to try, and where there will be one', async () => {
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

  it('fails a message that nobody is set up for', async () => {
    const { attempts } = setUp([]);
    expect(await attempts.run(message(1), 300)).toMatchObject({ state: 'failed', failure: 'rejected' });
  });

  it('blames no provider for a message that cannot be opened', async () => {
    const { attempts, mailers } = setUp(['a']);
    const unreadable = { ...message(1), sealed: Buffer.from('nothing') };
    expect(await attempts.run(unreadable, 300)).toMatchObject({
      state: 'queued',
      failure: 'misconfigured',
    });
    expect(mailers[0]?.tried).toEqual([]);
  });
});
