import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type sharedTexts from '../texts/shared/en.json';
import { applyBrandColor } from './brand.js';
import { server } from './server.js';
import { chooseLocale, LOCALES, loadTexts, locale, type Locale } from './texts.js';
import './page.css';

/**
 * A whole page: the product's name, the content, and the choice of a language. It has no shadow root,
 * so that password managers find its fields and the style sheet applies.
 */
export abstract class PageElement<Texts extends Record<string, string>> extends LitElement {
  protected texts!: Texts & typeof sharedTexts;
  /** The folders of the page's texts. */
  protected abstract readonly area: string | string[];
  /** The title of the page in the person's language. */
  protected abstract get heading(): string;

  protected abstract renderContent(): TemplateResult;

  override connectedCallback(): void {
    super.connectedCallback();
    applyBrandColor();
    window.addEventListener('locale-change', () => void this.load());
    void this.load();
  }

  protected override createRenderRoot(): this {
    return this;
  }

  protected override shouldUpdate(_changes: PropertyValues): boolean {
    return (this.texts as unknown) !== undefined;
  }

  protected override updated(_changes: PropertyValues): void {
    document.title = server.brandName ? `${this.heading} · ${server.brandName}` : this.heading;
  }

  protected override render(): TemplateResult {
    return html`
      ${this.renderHeader()}
      <main>${this.renderContent()}</main>
      <footer>
        <label>
          ${this.texts.language}
          <select autocomplete="off" @change=${this.changeLocale}>
            ${LOCALES.map(
              (known) =>
                html`<option value=${known} lang=${known} ?selected=${known === locale}>
                  ${nameOf(known)}
                </option>`,
            )}
          </select>
        </label>
      </footer>
    `;
  }

  protected renderHeader(): TemplateResult | typeof nothing {
    return server.brandName ? html`<header class="brand">${server.brandName}</header>` : nothing;
  }

  private async load(): Promise<void> {
    this.texts = await loadTexts('shared', ...[this.area].flat());
    this.requestUpdate();
  }

  private changeLocale({ target }: Event): void {
    chooseLocale((target as HTMLSelectElement).value as Locale);
  }
}

/** The name of a language in that language. */
export function nameOf(language: Locale): string {
  const name = new Intl.DisplayNames(language, { type: 'language' }).of(language) ?? language;
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}
