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

/** What administrators did. */
class AuditSection extends ListSection<AuditEntry> {
  private subject = '';

  protected override render(): TemplateResult {
    const { texts } = this;
    return html`
      <p class="quiet">${texts.auditText}</p>
      <form class="search" role="search" @submit=${this.search}>
        <label for="subject">${texts.subjectId}</label>
        <div>
          <input
            id="subject"
            class="field"
            name="subject"
            dir="ltr"
            autocomplete="off"
            pattern="[0-9a-fA-F\\-]{36}"
            spellcheck="false"
          />
          <button class="small" ?disabled=${this.isBusy}>${texts.search}</button>
        </div>
      </form>
      ${this.renderNotice()} ${this.renderList()}
    `;
  }

  protected renderItem({ at, action, actorId, subjectId, details, ip }: AuditEntry): TemplateResult {
    const { texts } = this;
    const by = actorId === client.user?.id ? texts.you : (actorId ?? texts.commandLine);
    const facts = Object.entries(details);
    return html`<li>
      <div>
        <strong>${named(texts, 'audit', action)}</strong>
        <p class="quiet">
          ${time(at)} · ${fill(texts.by, { name: by })}${ip ? html` · <bdi>${ip}</bdi>` : nothing}
        </p>
        ${subjectId ? html`<p class="quiet">${texts.subjectId}: <bdi>${subjectId}</bdi></p>` : nothing}
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

  protected async load(cursor?: string): Promise<ListPage<AuditEntry>> {
    const query = { limit: 20, cursor, subject: this.subject || undefined };
    return pageOf(await client.api.GET('/audit', { query }));
  }

  private search(event: Event): void {
    this.subject = valuesOf(event).subject?.trim() ?? '';
    void this.run(() => this.read());
  }
}

customElements.define('audit-section', AuditSection);
