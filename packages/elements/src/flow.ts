import { Problem, type Challenge, type User } from '@otp-auth/client';
import { refusalOf } from './refusals.js';
import { findMissing } from './required.js';
import { FlowState, type Channel, type Kind } from './state.js';

/** A reset mail is sent at most once a minute, and the reply does not say so. */
const RESET_WAIT_SECONDS = 60;

const DELIVERY_TEXTS = {
  sent: 'deliverySent',
  delivered: 'deliveryDelivered',
  failed: 'deliveryFailed',
} as const;

/** The steps of a sign-in and the requests in each. Knows nothing about how they look. */
export class SignInFlow extends FlowState {
  /** What the main button of the current step does. */
  async submit(codeLength: number): Promise<void> {
    if (this.isBusy || this.secondsUntilRetry > 0) return;
    const missing = findMissing(this, this.challenge?.codeLength ?? codeLength);
    if (missing) this.refuse(missing);
    else if (this.step === 'register') await this.sendCode('registration');
    else if (this.step === 'forgot') await this.sendCode('reset');
    else if (this.step === 'address' && this.method !== 'password') await this.sendCode('sign-in');
    else await this.run((signal) => this.finishStep(signal));
  }

  /** Sends another message for the same purpose, perhaps by another channel. */
  async resend(channel = this.channel): Promise<void> {
    if (this.isBusy) return;
    const wasWaiting = this.isCodeStep;
    await this.sendCode(this.kind, channel);
    if (wasWaiting && !this.refusal.notice)
      this.host.announce({ key: 'resent', values: { address: this.addressText } });
  }

  /** Goes to the field for a code that an earlier request sent. */
  haveCode(): void {
    const { retryAt } = this;
    this.go('code');
    this.challenge = undefined;
    this.delivery = undefined;
    this.resendAt = retryAt;
  }

  /** Gives the address back to the account that had it. */
  undo(): Promise<void> {
    return this.run(async (signal) => {
      const token = this.undoToken ?? '';
      await this.host.client().api.POST('/users/contact/undo', { body: { token }, signal });
      this.go('address', { news: { key: 'undone' } });
    });
  }

  private async sendCode(kind: Kind, channel: Channel = this.channel): Promise<void> {
    await this.run(async (signal) => {
      this.kind = kind;
      this.channel = channel;
      const challenge = await this.requestCode(signal);
      this.enterCode(challenge);
      if (challenge) this.host.emit('challenge-sent', { challenge });
    });
  }

  private async requestCode(signal: AbortSignal): Promise<Challenge | undefined> {
    const client = this.host.client();
    const locale = this.host.locale();
    const { email, phone, password, firstName } = this.values;
    switch (this.kind) {
      case 'reset':
        await client.requestPasswordReset({ email, locale }, { signal });
        return undefined;
      case 'registration':
        return client.register({ email, password, locale, ...(firstName && { firstName }) }, { signal });
      case 'sign-in':
        return this.method === 'phone'
          ? client.sendCode({ phone, channel: this.channel, locale }, { signal })
          : client.sendCode({ email, locale }, { signal });
    }
  }

  private enterCode(challenge: Challenge | undefined): void {
    const now = this.host.client().now();
    this.go(this.kind === 'reset' ? 'reset' : 'code');
    this.challenge = challenge;
    this.resendAt = challenge ? Date.parse(challenge.resendAt) : now + RESET_WAIT_SECONDS * 1_000;
    this.delivery = challenge && 'queued';
    this.stopDelivery = challenge?.delivery(({ delivery, status }) => {
      if (delivery !== this.delivery && delivery !== 'queued')
        this.host.announce({ key: DELIVERY_TEXTS[delivery] });
      this.delivery = delivery;
      if (status === 'expired') this.refuse({ fields: {}, notice: { key: 'codeExpired' }, ways: ['resend'] });
      this.host.update();
    });
  }

  private async finishStep(signal: AbortSignal): Promise<void> {
    const client = this.host.client();
    const { email, password, code } = this.values;
    if (this.step === 'new-password') {
      const address = client.user?.email ?? email;
      await client.resetPassword({ password }, { signal });
      return this.signInAgain(address, password, signal);
    }
    if (this.step === 'reset') {
      await client.resetPassword({ email, code, password }, { signal });
      return this.signInAgain(email, password, signal);
    }
    if (this.step === 'address') {
      const { user, passwordRequired } = await client.signInWithPassword({ email, password }, { signal });
      return this.finish(user, passwordRequired);
    }
    const kind = this.kind === 'registration' ? 'registration' : 'sign-in';
    const result = await client.verifyCode({ kind, address: this.address }, code, { signal });
    if (result.user) return this.finish(result.user, result.passwordRequired);
    this.go('no-account');
    this.undoToken = result.undoToken;
  }

  private finish(user: User, passwordRequired?: boolean): void {
    if (passwordRequired) this.go('new-password');
    else this.signedIn(user);
  }

  /** A new password ends all sessions, also the one that set it. */
  private async signInAgain(email: string, password: string, signal: AbortSignal): Promise<void> {
    try {
      const { user } = await this.host.client().signInWithPassword({ email, password }, { signal });
      this.signedIn(user);
    } catch (error) {
      if (signal.aborted) throw error;
      this.values.email = email;
      this.go('address', { method: 'password', news: { key: 'passwordSaved' } });
    }
  }

  /** Runs a request. A refusal becomes a way forward. */
  private async run(task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.isBusy) return;
    const { signal } = this.stopRequest;
    this.isBusy = true;
    this.news = undefined;
    this.clearRefusal();
    this.host.update();
    try {
      await task(signal);
    } catch (error) {
      // The person has gone to another step, or the element has left the page.
      if (signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      this.host.emit('problem', { problem: error });
      this.refuse(refusalOf(error, navigator.onLine));
    } finally {
      if (!signal.aborted) this.isBusy = false;
      this.host.update();
    }
  }
}
