import { html, nothing, type TemplateResult } from 'lit';
import { nameOf } from '../shared/page-element.js';
import { SERVER_URL } from '../shared/server.js';
import { fill, locale, type Locale } from '../shared/texts.js';
import { DeveloperPage } from './developer-page.js';
import { mailFrame } from './message-parts.js';

interface Preview {
  subject: string;
  text: string;
  html: string;
  sms?: { text: string; encoding: string; length: number; segments: number };
}

interface Shown {
  language: Locale;
  previews: Preview[];
}

const ALL = 'all';

/** Every message in every language, for translators and designers. */
class PreviewPage extends DeveloperPage {
  static override properties = {
    messages: { state: true },
    shown: { state: true },
  };
  declare private messages: string[];
  declare private shown: Shown[];
  private locales: Locale[] = [];
  private message: string;
  private language: string;

  constructor() {
    super();
    this.messages = [];
    this.shown = [];
    const query = new URLSearchParams(location.search);
    this.message = query.get('message') ?? '';
    this.language = query.get('language') ?? locale;
    void this.start();
  }

  protected get heading(): string {
    return this.texts.preview;
  }

  protected renderContent(): TemplateResult {
    const { texts } = this;
    return html`
      <h1>${this.heading}</h1>
      <form class="choices" @change=${this.choose} @submit=${(event: Event) => event.preventDefault()}>
        <label>
          ${texts.message}
          <select class="field" name="message" autocomplete="off">
            ${this.messages.map(
              (name) => html`<option value=${name} ?selected=${name === this.message}>${name}</option>`,
            )}
          </select>
        </label>
        <label>
          ${texts.messageLanguage}
          <select class="field" name="language" autocomplete="off">
            <option value=${ALL} ?selected=${this.language === ALL}>${texts.allLanguages}</option>
            ${this.locales.map(
              (known) =>
                html`<option value=${known} lang=${known} ?selected=${known === this.language}>
                  ${nameOf(known)}
                </option>`,
            )}
          </select>
        </label>
      </form>
      <div role="status" class="visually-hidden">${this.shown.length > 0 ? this.message : nothing}</div>
      ${this.shown.map(({ language, previews }) => previews.map((preview) => this.renderPreview(language, preview)))}
    `;
  }

  private renderPreview(language: Locale, { subject, text, html: mail, sms }: Preview): TemplateResult {
    const { texts } = this;
    return html`
      <section class="preview" lang=${language}>
        <h2 dir="auto">${subject}</h2>
        <div class="columns">
          <div>
            <h3 lang=${locale}>${texts.htmlText}</h3>
            ${mailFrame(mail, subject)}
          </div>
          <div>
            <h3 lang=${locale}>${texts.plainText}</h3>
            <pre dir="auto">${text}</pre>
          </div>
          <div class="sms">
            <h3 lang=${locale}>${texts.sms}</h3>
            ${
              sms
                ? html`<p class="bubble" dir="auto">${sms.text}</p>
                    <p class="hint" lang=${locale}>${fill(texts.smsSize, sms)}</p>`
                : html`<p class="hint" lang=${locale}>${texts.noSms}</p>`
            }
          </div>
        </div>
      </section>
    `;
  }

  private async start(): Promise<void> {
    const { messages, locales } = await load<{ messages: string[]; locales: Locale[] }>('');
    this.locales = locales;
    this.messages = messages;
    if (!messages.includes(this.message)) this.message = messages[0] ?? '';
    await this.show();
  }

  private choose(event: Event): void {
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    this.message = fields.get('message') as string;
    this.language = fields.get('language') as string;
    history.replaceState(
      null,
      '',
      `?${new URLSearchParams({ message: this.message, language: this.language })}`,
    );
    void this.show();
  }

  private async show(): Promise<void> {
    const { message, language } = this;
    const languages = this.locales.filter((known) => language === ALL || known === language);
    const shown = await Promise.all(
      languages.map(async (known) => ({
        language: known,
        previews: await load<Preview[]>(`/${encodeURIComponent(message)}/${known}`),
      })),
    );
    // A newer choice may have been made meanwhile.
    if (message === this.message && language === this.language) this.shown = shown;
  }
}

async function load<Reply>(path: string): Promise<Reply> {
  const reply = await fetch(`${SERVER_URL}/inbox/templates${path}`);
  if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
  return (await reply.json()) as Reply;
}

customElements.define('preview-page', PreviewPage);
