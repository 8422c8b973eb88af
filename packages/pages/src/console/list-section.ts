import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { ListPage } from '../signed-in/pages.js';
import { Section } from '../signed-in/section.js';
import type { ConsoleTexts } from './texts.js';

/** A list of the API, page by page. */
export abstract class ListSection<Item extends { id: string }> extends Section<ConsoleTexts> {
  static override properties = { ...Section.properties, items: { state: true }, next: { state: true } };
  declare protected items: Item[] | null;
  declare protected next?: string;

  constructor() {
    super();
    this.items = null;
  }

  protected abstract load(cursor?: string): Promise<ListPage<Item>>;
  protected abstract renderItem(item: Item): TemplateResult;

  protected override firstUpdated(_changes: PropertyValues): void {
    void this.run(() => this.read());
  }

  /** Reads the first page again, or one more. */
  protected async read(cursor?: string): Promise<void> {
    const { items, next } = await this.load(cursor);
    this.items = [...((cursor && this.items) || []), ...items];
    this.next = next;
  }

  protected replace(item: Item): void {
    this.items = this.items?.map((known) => (known.id === item.id ? item : known)) ?? [item];
  }

  protected drop({ id }: Item): void {
    this.items = this.items?.filter((known) => known.id !== id) ?? null;
  }

  protected renderList(): TemplateResult {
    const { texts, items, next } = this;
    return html`
      ${items?.length === 0 ? html`<p class="quiet">${texts.nothing}</p>` : nothing}
      <ul class="rows">
        ${items?.map((item) => this.renderItem(item))}
      </ul>
      ${
        next || !items
          ? html`<button
              class="small secondary"
              ?disabled=${this.isBusy}
              @click=${() => this.run(() => this.read(next))}
            >
              ${items ? texts.more : texts.load}
            </button>`
          : nothing
      }
    `;
  }
}
