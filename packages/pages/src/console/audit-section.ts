import type { components } from '@otp-auth/client';
import { html, nothing, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { fill } from '../shared/texts.js';
import { pageOf, type ListPage } from '../signed-in/pages.js';
import { valuesOf } from '../signed-in/section.js';
import { time } from '../signed-in/times.js';
import { ListSection } from './list-section.js';
import { named } from './texts.js';

type AuditEntry = components['schemas']['AuditEntry'];

/** The API's names of the filters, and the texts of their fields. */
const FILTERS = { actor: 'actorId', subject: 'subjectId' } as const;
type Filter = keyof typeof FILTERS;

/** What administrators did. */
class AuditSection extends ListSection<AuditEntry> {
  static override properties = { ...ListSection.properties, filters: { state: true } };
  declare private filters: Partial<Record<Filter, string>>;

  constructor() {
    super();
    this.filters = {};
  }

  protected override render(): TemplateResult {
    const { texts } = this;
    return html`
      <p class="quiet">${texts.auditText} ${texts.auditHint}</p>
      <form class="fields" role="search" @submit=${this.search}>
        ${(Object.keys(FILTERS) as Filter[]).map((filter) => this.renderFilter(filter))}
        <div class="buttons">
          <button class="small">${texts.search}</button>
          ${
            Object.keys(this.filters).length > 0
              ? html`<button class="small secondary" type="button" @click=${() => this.show({})}>
                  ${texts.showAll}
                </button>`
              : nothing
          }
        </div>
      </form>
      ${this.renderNotice()} ${this.renderList()}
    `;
  }

  private renderFilter(filter: Filter): TemplateResult {
    return html`<div>
      <label for=${filter}>${this.texts[FILTERS[filter]]}</label>
      <input
        id=${filter}
        class="field"
        name=${filter}
        dir="ltr"
        autocomplete="off"
        pattern="[0-9a-fA-F\\-]{36}"
        spellcheck="false"
        .value=${this.filters[filter] ?? ''}
      />
    </div>`;
  }

  protected renderItem({ at, action, actorId, subjectId, details, ip }: AuditEntry): TemplateResult {
    const { texts } = this;
    const name = actorId === client.user?.id ? texts.you : (actorId ?? texts.commandLine);
    const by = fill(texts.by, { name });
    const facts = Object.entries(details);
    return html`<li>
      <div>
        <strong>${named(texts, 'audit', action)}</strong>
        <p class="quiet">
          ${time(at)} ·
          ${actorId ? this.renderLink('actor', actorId, by) : by}${ip ? html` · <bdi>${ip}</bdi>` : nothing}
        </p>
        ${
          subjectId
            ? html`<p class="quiet">
                ${texts.subjectId}: ${this.renderLink('subject', subjectId, subjectId)}
              </p>`
            : nothing
        }
        ${
          facts.length > 0
            ? html`<p class="quiet" dir="ltr">
                ${facts.map(([name, value]) => html`<code>${name}: ${JSON.stringify(value)}</code> `)}
              </p>`
            : nothing
        }
      </div>
    </li>`;
  }

  /** Shows the entries of this administrator or user only. */
  private renderLink(filter: Filter, id: string, text: string): TemplateResult {
    return html`<button class="link" @click=${() => this.show({ [filter]: id })}>
      <bdi>${text}</bdi>
    </button>`;
  }

  protected async load(cursor?: string): Promise<ListPage<AuditEntry>> {
    return pageOf(await client.api.GET('/audit', { query: { limit: 20, cursor, ...this.filters } }));
  }

  private search(event: Event): void {
    const values = Object.entries(valuesOf(event)).map(([name, value]) => [name, value.trim()] as const);
    this.show(Object.fromEntries(values.filter(([, value]) => value !== '')));
  }

  private show(filters: Partial<Record<Filter, string>>): void {
    this.filters = filters;
    void this.runNext(() => this.read());
    void this.focusOn('#actor');
  }
}

customElements.define('audit-section', AuditSection);
