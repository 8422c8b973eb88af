import type { Address, Challenge, Client, User } from '@otp-auth/client';
import { Problem } from '@otp-auth/client';
import type { OtpSignInEvents } from './events.js';
import { refusalOf, type Field, type Refusal } from './refusals.js';
import type { Text } from './texts.js';

export type Method = 'email' | 'phone' | 'password';
export type Channel = 'sms' | 'whatsapp' | 'voice';
export type Step =
  | 'address'
  | 'register'
  | 'forgot'
  /** A code from a message. */
  | 'code'
  /** A code and a new password. */
  | 'reset'
  /** The code was right, but no account has the address. */
  | 'no-account'
  /** Signed in to an account that has no password yet. */
  | 'new-password'
  | 'done';

/** What the code is for. */
export type Kind = Challenge['kind'] | 'reset';

/** The element around the flow. */
export interface FlowHost {
  client(): Client;
  locale(): string;
  /** Renders again. `hasMoved` is true when the step or the field to correct has changed. */
  update(hasMoved?: boolean): void;
  /** For screen readers. */
  announce(text: Text): void;
  emit(event: keyof OtpSignInEvents, detail: object): void;
}

const NO_REFUSAL: Refusal = { fields: {}, ways: [] };
/** A reset mail is sent at most once a minute, and the reply does not say so. */
const RESET_WAIT_SECONDS = 60;

/** The steps of a sign-in and what happens in each. Knows nothing about how they look. */
export class SignInFlow {
  step: Step = 'address';
  kind: Kind = 'sign-in';
  method: Method = 'email';
  channel: Channel = 'sms';
  readonly values: Record<Field, string> = { email: '', phone: '', password: '', code: '', firstName: '' };
  isBusy = false;
  refusal = NO_REFUSAL;
  /** Good news that stays in view. */
  news?: Text;
  /** Undefined if the person has a code that an earlier request sent. */
  challenge?: Challenge;
  delivery?: 'queued' | 'sent' | 'delivered' | 'failed';
  user: User | null = null;
  undoToken?: string;

  private resendAt = 0;
  private retryAt = 0;
  private stopRequest = new AbortController();
  private stopDelivery?: () => void;

  constructor(private readonly host: FlowHost) {}

  get address(): Address {
    const { email, phone } = this.values;
    return this.kind === 'sign-in' && this.method === 'phone' ? { phone } : { email };
  }

  get addressText(): string {
    return this.address.email ?? this.address.phone ?? '';
  }

  /** Seconds until another message can be requested. */
  get secondsUntilResend(): number {
    return this.secondsUntil(this.resendAt);
  }

  /** Seconds until the form can be sent again. */
  get secondsUntilRetry(): number {
    return this.secondsUntil(this.retryAt);
  }

  go(step: Step, { method = this.method, news }: { method?: Method; news?: Text } = {}): void {
    this.stop();
    if (step !== this.step) this.values.code = '';
    if (!this.keepsPassword(step) || method !== this.method) this.values.password = '';
    if (step === 'address') this.kind = 'sign-in';
    Object.assign(this, { step, method, news, undoToken: undefined });
    this.clearRefusal();
    this.host.update(true);
  }

  /** Ends requests whose answer nobody waits for any more. */
  stop(): void {
    this.stopRequest.abort();
    this.stopRequest = new AbortController();
    this.stopDelivery?.();
    this.stopDelivery = undefined;
    this.isBusy = false;
  }

  edit(field: Field, value: string): void {
    this.values[field] = value;
    const { [field]: edited, ...fields } = this.refusal.fields;
    this.refusal = { ...this.refusal, fields };
    // A limit of one address does not concern another one.
    if (field === 'email' || field === 'phone') this.clearRefusal();
    this.host.update();
  }

  chooseChannel(channel: Channel): void {
    this.channel = channel;
    this.clearRefusal();
    this.host.update();
  }

  /** What the main button of the current step does. */
  submit(): Promise<void> {
    if (this.isBusy || this.secondsUntilRetry > 0) return Promise.resolve();
    const missing = this.findMissing();
    if (missing) return this.refuse({ fields: missing, ways: [] });
    if (this.step === 'address' && this.method !== 'password') return this.sendCode();
    if (this.step === 'register' || this.step === 'forgot') {
      this.kind = this.step === 'register' ? 'registration' : 'reset';
      return this.sendCode();
    }
    return this.run((signal) => this.finishStep(signal));
  }

  /** Sends a code, the first or a new one, for what `kind` says. */
  sendCode(channel = this.channel): Promise<void> {
    const isAgain = this.step === 'code' || this.step === 'reset';
    return this.run(async (signal) => {
      this.channel = channel;
      const challenge = await this.requestCode(signal);
      this.enterCode(challenge);
      if (challenge) this.host.emit('challenge-sent', { challenge });
      if (isAgain) this.host.announce({ key: 'resent', values: { address: this.addressText } });
    });
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

  signedIn(user: User): void {
    this.user = user;
    this.go('done');
    this.host.emit('signed-in', { user });
  }

  signedOut(): void {
    this.user = null;
    this.go('address');
  }

  private requestCode(signal: AbortSignal): Promise<Challenge | undefined> {
    const client = this.host.client();
    const locale = this.host.locale();
    const { email, phone, password, firstName } = this.values;
    if (this.kind === 'reset')
      return client.requestPasswordReset({ email, locale }, { signal }).then(() => undefined);
    if (this.kind === 'registration')
      return client.register({ email, password, locale, ...(firstName && { firstName }) }, { signal });
    return this.method === 'phone'
      ? client.sendCode({ phone, channel: this.channel, locale }, { signal })
      : client.sendCode({ email, locale }, { signal });
  }

  private enterCode(challenge: Challenge | undefined): void {
    const client = this.host.client();
    this.go(this.kind === 'reset' ? 'reset' : 'code');
    this.challenge = challenge;
    this.resendAt = challenge ? Date.parse(challenge.resendAt) : client.now() + RESET_WAIT_SECONDS * 1_000;
    this.delivery = challenge && 'queued';
    this.stopDelivery = challenge?.delivery((status) => {
      if (status.delivery !== this.delivery && status.delivery !== 'queued')
        this.host.announce({ key: DELIVERY[status.delivery] });
      this.delivery = status.delivery;
      if (status.status === 'expired') this.refusal = refusalOfCode('codeExpired');
      if (status.status === 'exhausted' && !this.isBusy) this.refusal = refusalOfCode('codeExhausted');
      this.host.update();
    });
  }

  private async finishStep(signal: AbortSignal): Promise<void> {
    const client = this.host.client();
    const { email, password, code } = this.values;
    if (this.step === 'new-password') {
      const user = client.user;
      await client.resetPassword({ password }, { signal });
      return this.signInWithNewPassword(user?.email ?? email, password, signal);
    }
    if (this.step === 'reset') {
      await client.resetPassword({ email, code, password }, { signal });
      return this.signInWithNewPassword(email, password, signal);
    }
    const result =
      this.step === 'address'
        ? await client.signInWithPassword({ email, password }, { signal })
        : await client.verifyCode({ kind: this.kind as Challenge['kind'], address: this.address }, code, {
            signal,
          });
    if (!result.user) {
      this.go('no-account');
      this.undoToken = result.undoToken;
    } else if (result.passwordRequired) this.go('new-password');
    else this.signedIn(result.user);
  }

  /** A new password ends all sessions, also the one that set it. */
  private async signInWithNewPassword(email: string, password: string, signal: AbortSignal): Promise<void> {
    const client = this.host.client();
    try {
      const { user } = await client.signInWithPassword({ email, password }, { signal });
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
      if (signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      this.isBusy = false;
      this.host.emit('problem', { problem: error });
      await this.refuse(refusalOf(error, navigator.onLine));
    } finally {
      if (!signal.aborted) this.isBusy = false;
      this.host.update();
    }
  }

  private refuse(refusal: Refusal): Promise<void> {
    this.refusal = refusal;
    this.undoToken ??= refusal.undoToken;
    // On a step with a code, a limit of messages must not stop the person from entering one.
    const isSending = refusal.ways.includes('have-code') && (this.step === 'code' || this.step === 'reset');
    const until = refusal.wait ? this.host.client().now() + refusal.wait * 1_000 : 0;
    if (isSending) this.resendAt = until;
    else this.retryAt = until;
    this.host.update(Object.keys(refusal.fields).length > 0);
    return Promise.resolve();
  }

  /** A registration needs its password again when its code is sent again or its address changes. */
  private keepsPassword(next: Step): boolean {
    return next === this.step || (this.kind === 'registration' && (next === 'code' || next === 'register'));
  }

  private clearRefusal(): void {
    this.refusal = NO_REFUSAL;
    this.retryAt = 0;
  }

  private findMissing(): Refusal['fields'] | null {
    const { email, phone, password, code } = this.values;
    const fields: Refusal['fields'] = {};
    const needsPhone = this.step === 'address' && this.method === 'phone';
    const hasAddress = this.step === 'address' || this.step === 'register' || this.step === 'forgot';
    const hasPassword =
      (this.step === 'address' && this.method === 'password') ||
      ['register', 'reset', 'new-password'].includes(this.step);
    if (hasAddress && !needsPhone && !email.trim()) fields.email = { key: 'emailMissing' };
    if (needsPhone && !phone.trim()) fields.phone = { key: 'phoneMissing' };
    if (hasPassword && !password) fields.password = { key: 'passwordMissing' };
    if ((this.step === 'code' || this.step === 'reset') && code.length < 4)
      fields.code = { key: 'codeIncomplete', values: { count: this.challenge?.codeLength ?? 6 } };
    return Object.keys(fields).length > 0 ? fields : null;
  }

  private secondsUntil(time: number): number {
    return Math.max(0, Math.ceil((time - this.host.client().now()) / 1_000));
  }
}

const DELIVERY = { sent: 'deliverySent', delivered: 'deliveryDelivered', failed: 'deliveryFailed' } as const;

function refusalOfCode(key: 'codeExpired' | 'codeExhausted'): Refusal {
  return { fields: {}, notice: { key }, ways: ['resend'] };
}
