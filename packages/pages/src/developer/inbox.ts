import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { client } from '../shared/client.js';
import { SERVER_URL } from '../shared/server.js';
import { fill } from '../shared/texts.js';
import { DeveloperPage } from './developer-page.js';
import { codeIn, linkIn } from './message-parts.js';
import { mailView, phoneView, timeOf, type Message } from './message-view.js';

async function listMessages() {
  const { data } = await client.api.GET('/inbox/messages', {});
  return data;
}

/**
 * The messages that a development server "sent". New ones appear while the page is open. Which
 * message is open is in the fragment of the address, so that the back button closes it on a phone.
 */
class InboxPage extends DeveloperPage {
  static override properties = {
    messages: { state: true },
    recipient: { state: true },
    openId: { state: true },
    copiedId: { state: true },
    isPlain: { state: true },
    hasConnection: { state: true },
  };
  declare private messages: Message[] | null;
  declare private recipient: string;
  declare private openId: string;
  declare private copiedId: string;
  declare private isPlain: boolean;
  declare private hasConnection: boolean;
  private announcement = '';
  private events?: EventSource;

  constructor() {
    super();
    this.messages = null;
    this.recipient = new URLSearchParams(location.search).get('to') ?? '';
    this.openId = location.hash.slice(1);
    this.copiedId = '';
    this.isPlain = false;
    this.hasConnection = true;
    window.addEventListener('hashchange', () => this.open(location.hash.slice(1)));
    document.addEventListener('visibilitychange', () => this.follow());
    this.follow();
  }

  protected get heading(): string {
    return this.texts.inbox;
  }

  protected renderContent(): TemplateResult {
    const { texts, messages, recipient } = this;
    const shown = (messages ?? []).filter(({ to }) => to.includes(recipient.trim().toLowerCase()));
    const open = shown.find(({ id }) => id === this.openId) ?? shown[0];
    const isChosen = open?.id === this.openId;
    return html`
      <h1>${this.heading}</h1>
      <div class="inbox ${isChosen ? 'chosen' : ''}">
        <div class="list">
          <p class="hint">${texts.inboxIntro}</p>
          <label for="recipient">${texts.recipient}</label>
          <input
            id="recipient"
            class="field"
            type="search"
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
            .value=${recipient}
            @input=${this.filter}
          />
          <p class="status" role="status">
            ${this.hasConnection ? '' : texts.disconnected}<span class="visually-hidden"
              >${this.announcement}</span
            >
          </p>
          ${messages?.length === 0 ? html`<p>${texts.noMessages}</p>` : nothing}
          ${messages?.length && shown.length === 0 ? html`<p>${texts.noMatch}</p>` : nothing}
          <ul aria-label=${texts.messages}>
            ${repeat(
              shown,
              ({ id }) => id,
              (message) => this.renderEntry(message, message === open),
            )}
          </ul>
        </div>
        ${open ? this.renderMessage(open) : nothing}
      </div>
    `;
  }

  private renderEntry(message: Message, isOpen: boolean): TemplateResult {
    const { id, channel, to, subject, text, at } = message;
    return html`
      <li class=${isOpen ? 'open' : ''}>
        <a class="entry" href="#${id}" aria-current=${isOpen ? 'true' : 'false'}>
          <strong><bdi dir="ltr">${to}</bdi></strong>
          <span class="quiet">${this.texts[channel]} · <time datetime=${at}>${timeOf(at)}</time></span>
          <span class="excerpt" dir="auto">${subject ?? text}</span>
        </a>
        ${this.renderActions(message)}
      </li>
    `;
  }

  private renderActions({ id, text }: Message): TemplateResult | typeof nothing {
    const [code, link] = [codeIn(text), linkIn(text)];
    if (!code && !link) return nothing;
    const copied = this.copiedId === id;
    return html`<div class="actions">
      ${
        code
          ? html`<button class="small" @click=${() => this.copy(id, code)}>
              ${fill(copied ? this.texts.copied : this.texts.copyCode, { code })}
            </button>`
          : nothing
      }
      ${
        link
          ? html`<a class="button small" href=${link} target="_blank" rel="noopener"
              >${this.texts.openLink}</a
            >`
          : nothing
      }
    </div>`;
  }

  private renderMessage(message: Message): TemplateResult {
    const { texts } = this;
    return html`
      <section class="message" aria-label=${this.texts.message} tabindex="-1">
        <a class="back" href="#">${this.texts.back}</a>
        ${
          message.channel === 'email'
            ? mailView(message, texts, {
                isPlain: this.isPlain,
                choose: (isPlain) => (this.isPlain = isPlain),
              })
            : phoneView(message, texts)
        }
        ${this.renderActions(message)}
      </section>
    `;
  }

  protected override updated(changes: PropertyValues): void {
    super.updated(changes);
    // On a phone the message replaces the list, so reading begins there.
    if (changes.has('openId') && this.openId)
      this.querySelector<HTMLElement>('.message')?.focus({ preventScroll: true });
  }

  private open(id: string): void {
    this.openId = id;
  }

  private filter({ target }: Event): void {
    this.recipient = (target as HTMLInputElement).value;
  }

  private async copy(id: string, code: string): Promise<void> {
    await navigator.clipboard.writeText(code);
    this.copiedId = id;
    this.announcement = fill(this.texts.copied, { code });
  }

  /**
   * Follows new messages while the page is visible: browsers allow six connections to a server, and
   * hidden tabs would use them up.
   */
  private follow(): void {
    this.events?.close();
    if (document.hidden) return;
    this.events = new EventSource(`${SERVER_URL}/inbox/events`);
    this.events.onopen = () => void this.refresh();
    this.events.onmessage = ({ data }) => this.add(JSON.parse(data as string) as Message);
    this.events.onerror = () => (this.hasConnection = false);
  }

  /** The list may have changed while there was no connection. */
  private async refresh(): Promise<void> {
    this.messages = await listMessages();
    this.hasConnection = true;
  }

  private add(message: Message): void {
    const others = (this.messages ?? []).filter(({ id }) => id !== message.id);
    this.messages = [message, ...others];
    this.announcement = fill(this.texts.newMessage, { to: message.to });
  }
}

customElements.define('inbox-page', InboxPage);
