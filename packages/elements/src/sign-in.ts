import { createClient, type Client, type User } from '@otp-auth/client';
import { LitElement, type PropertyValues, type TemplateResult } from 'lit';
import type { OtpCodeInput } from './code-input.js';
import { feedbackStyles } from './feedback.styles.js';
import { SignInFlow } from './flow.js';
import { formStyles } from './form.styles.js';
import type { Channel, Method } from './state.js';
import { signInStyles } from './sign-in.styles.js';
import { tokens } from './tokens.styles.js';
import { isRightToLeft, localeOf, supportedLocale, translate, type Locale, type Text } from './texts.js';
import { view } from './views.js';

const METHODS: readonly Method[] = ['email', 'phone', 'password'];
const CHANNELS: readonly Channel[] = ['sms', 'whatsapp', 'voice'];

/**
 * Signs a person in by a code or a password, registers an account, and resets a password.
 *
 * @fires signed-in - `detail.user` is signed in, also when the page is loaded with a session.
 * @fires signed-out - Nobody is signed in any more.
 * @fires challenge-sent - `detail.challenge` was sent.
 * @fires problem - The server refused a request: `detail.problem`. The element shows the way forward.
 */
export class OtpSignIn extends LitElement {
  static override styles = [tokens, signInStyles, formStyles, feedbackStyles];
  static override properties = {
    url: {},
    applicationId: { attribute: 'application-id' },
    locale: {},
    methods: {},
    channels: {},
    codeLength: { type: Number, attribute: 'code-length' },
  };

  /** The address of the server. Default: the site of the page. */
  declare url: string;
  /** The public id of the browser application. */
  declare applicationId: string;
  /** `en`, `de`, … Default: the language of the page, else of the browser. */
  declare locale: string;
  /** `email`, `phone` and `password`, in the order to offer. Default: all. */
  declare methods: string;
  /**
   * How codes reach a phone: `sms`, `whatsapp`, `voice`, as the server offers them. Default: `sms`.
   * Without one, `phone` is not offered.
   */
  declare channels: string;
  /** Digits of a code that was not requested here, such as one of a reset mail. Default: 6. */
  declare codeLength: number;

  private readonly flow: SignInFlow;
  private sharedClient?: Client;
  private ownClient?: Client;
  private unsubscribe?: () => void;
  private timer?: ReturnType<typeof setInterval>;
  private isPasswordVisible = false;
  private progress?: number;
  private announcement = '';
  private hasMoved = false;

  constructor() {
    super();
    this.url = '';
    this.applicationId = '';
    this.locale = '';
    this.methods = METHODS.join(',');
    this.channels = 'sms';
    this.codeLength = 6;
    this.flow = new SignInFlow({
      client: () => this.client,
      locale: () => this.language,
      update: (hasMoved) => this.renderAgain(hasMoved),
      announce: (text) => this.announce(text),
      emit: (name, detail) => this.emit(name, detail),
    });
  }

  /** Keeps the session. Set it to share one client with the page. */
  get client(): Client {
    return this.sharedClient ?? (this.ownClient ??= this.createClient());
  }

  set client(client: Client) {
    this.sharedClient = client;
    if (this.isConnected) this.subscribe();
  }

  /** The person who is signed in. */
  get user(): User | null {
    return this.client.user;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.subscribe();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unsubscribe?.();
    this.flow.stop();
    this.stopTimer();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const { flow } = this;
    // The first one is offered first.
    const [method = 'email'] = this.offeredMethods;
    if (!this.hasUpdated || !this.offeredMethods.includes(flow.method)) flow.method = method;
    const [channel = 'sms'] = this.offeredChannels;
    if (!this.hasUpdated || !this.offeredChannels.includes(flow.channel)) flow.channel = channel;
    if (changed.has('url') || changed.has('applicationId')) this.ownClient = undefined;
  }

  protected override render(): TemplateResult {
    const { flow, language, codeLength, isPasswordVisible, progress, announcement } = this;
    return view({
      flow,
      locale: language,
      direction: isRightToLeft(language) ? 'rtl' : 'ltr',
      methods: this.offeredMethods,
      channels: this.offeredChannels,
      codeLength,
      isPasswordVisible,
      progress,
      announcement,
      t: (key, values) => translate(language, { key, values }),
      togglePassword: () => {
        this.isPasswordVisible = !isPasswordVisible;
        this.requestUpdate();
      },
      signOut: () => void this.client.signOut(),
    });
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('url') || changed.has('applicationId')) this.subscribe();
    const isWaiting = this.flow.secondsUntilRetry > 0 || this.flow.secondsUntilResend > 0;
    if (isWaiting && this.isConnected) this.timer ??= setInterval(() => this.tick(), 1_000);
    else this.stopTimer();
    if (!this.hasMoved) return;
    this.hasMoved = false;
    void this.moveFocus();
  }

  private get language(): Locale {
    return this.locale ? supportedLocale(this.locale) : localeOf(this);
  }

  private get offeredMethods(): Method[] {
    const isReachable = (method: Method) => method !== 'phone' || this.offeredChannels.length > 0;
    const offered = listed(this.methods, METHODS).filter(isReachable);
    return offered.length > 0 ? offered : METHODS.filter(isReachable);
  }

  private get offeredChannels(): Channel[] {
    return listed(this.channels, CHANNELS);
  }

  private createClient(): Client {
    const { url, applicationId } = this;
    return createClient({
      url: new URL(url || '/', document.baseURI).href,
      ...(applicationId && { applicationId }),
      onProofOfWork: ({ tried, expected, done }) => {
        // The number of tries is known on average only, so the bar never claims to be full.
        this.progress = done ? undefined : expected ? 1 - Math.exp(-tried / expected) : 0;
        this.requestUpdate();
      },
    });
  }

  /** Follows sign-ins and sign-outs, also those of other tabs. */
  private subscribe(): void {
    const { flow, client } = this;
    this.unsubscribe?.();
    this.unsubscribe = client.onChange(({ user }) => {
      // The flow itself signs in at this moment.
      if (flow.isBusy) return;
      if (user && flow.step !== 'new-password') flow.signedIn(user);
      if (!user && flow.user) flow.signedOut();
    });
  }

  private tick(): void {
    const { isCodeStep, secondsUntilResend } = this.flow;
    if (isCodeStep && secondsUntilResend === 0) this.announce({ key: 'mayResend' });
    this.requestUpdate();
  }

  private stopTimer(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private renderAgain(hasMoved = false): void {
    if (!this.flow.isBusy) this.progress = undefined;
    this.hasMoved ||= hasMoved;
    this.requestUpdate();
  }

  private announce(text: Text): void {
    this.announcement = translate(this.language, text);
    this.requestUpdate();
  }

  private emit(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** To the field to correct, else to the first field, else to the title of the step. */
  private async moveFocus(): Promise<void> {
    const find = (selector: string) => this.renderRoot.querySelector<HTMLElement>(selector);
    const [wrong] = Object.keys(this.flow.refusal.fields);
    const chosen = this.renderRoot.querySelector<HTMLElement>('input[type=radio]:focus');
    const field = wrong
      ? find(`#${wrong}`)
      : (chosen ?? find('form input:not([type=radio]), otp-code-input'));
    const codeInput = field?.localName === 'otp-code-input' ? (field as OtpCodeInput) : undefined;
    await codeInput?.updateComplete;
    (field ?? find('h2'))?.focus();
    if (wrong) codeInput?.select();
  }
}

function listed<Name extends string>(text: string, known: readonly Name[]): Name[] {
  const names = text.split(/[\s,]+/);
  return known.filter((name) => names.includes(name)).sort((a, b) => names.indexOf(a) - names.indexOf(b));
}
