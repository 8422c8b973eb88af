import type { Address, Challenge, Client, User } from '@otp-auth/client';
import type { OtpSignInEvents } from './events.js';
import type { Field, Refusal } from './refusals.js';
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

/** Where the person is, what they entered, and what the server refused. */
export class FlowState {
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

  /** Both by the server's clock. */
  protected resendAt = 0;
  protected retryAt = 0;
  /** Ends the request that is under way. */
  protected stopRequest = new AbortController();
  protected stopDelivery?: () => void;

  constructor(protected readonly host: FlowHost) {}

  get address(): Address {
    const { email, phone } = this.values;
    return this.isByPhone ? { phone } : { email };
  }

  get addressText(): string {
    return this.isByPhone ? this.values.phone : this.values.email;
  }

  get isByPhone(): boolean {
    return this.kind === 'sign-in' && this.method === 'phone';
  }

  get isCodeStep(): boolean {
    return this.step === 'code' || this.step === 'reset';
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

  /** Ends requests whose answer is not needed any more. */
  stop(): void {
    this.stopRequest.abort();
    this.stopRequest = new AbortController();
    this.stopDelivery?.();
    this.stopDelivery = undefined;
    this.isBusy = false;
  }

  edit(field: Field, value: string): void {
    this.values[field] = value;
    const fields = { ...this.refusal.fields };
    delete fields[field];
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

  signedIn(user: User): void {
    this.user = user;
    this.go('done');
    this.host.emit('signed-in', { user });
  }

  signedOut(): void {
    this.user = null;
    this.go('address');
    this.host.emit('signed-out', {});
  }

  protected refuse(refusal: Refusal): void {
    this.refusal = refusal;
    this.undoToken ??= refusal.undoToken;
    // Room for the digits of the next code.
    if (refusal.ways.includes('resend')) this.values.code = '';
    const until = refusal.wait ? this.host.client().now() + refusal.wait * 1_000 : 0;
    // A limit of messages must not keep the person from entering a code.
    if (this.isCodeStep && refusal.ways.includes('have-code')) this.resendAt = until;
    else this.retryAt = until;
    this.host.update(Object.keys(refusal.fields).length > 0);
  }

  protected clearRefusal(): void {
    this.refusal = NO_REFUSAL;
    this.retryAt = 0;
  }

  /** A registration needs its password again when its code is sent again or its address changes. */
  private keepsPassword(next: Step): boolean {
    return next === this.step || (this.kind === 'registration' && (next === 'code' || next === 'register'));
  }

  private secondsUntil(time: number): number {
    return Math.max(0, Math.ceil((time - this.host.client().now()) / 1_000));
  }
}
