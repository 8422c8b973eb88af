import type { components } from '@otp-auth/client';
import { html, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { fill } from '../shared/texts.js';
import { pageOf, type ListPage } from '../signed-in/pages.js';
import { valuesOf } from '../signed-in/section.js';
import { timeText } from '../signed-in/times.js';
import { countryName } from './chart.js';
import { ListSection } from './list-section.js';

type FraudEntry = components['schemas']['FraudEntry'];
type Kind = 'blocks' | 'safe-list';

const SCOPES = ['prefix', 'country', 'network'] as const;
const DAY_MS = 24 * 3_600_000;

/** One of the two lists, with the form for a new entry. */
class RuleList extends ListSection<FraudEntry> {
  static override properties = { ...ListSection.properties, kind: {}, target: { attribute: false } };
  declare kind: Kind;
  declare target?: string[];

  protected override render(): TemplateResult {
    const { texts, kind, target: [scope = 'prefix', value = ''] = [] } = this;
    const isBlock = kind === 'blocks';
    return html`
      <form class="fields" @submit=${this.add}>
        <div>
          <label for="${kind}-scope">${texts.what}</label>
          <select id="${kind}-scope" class="field" name="scope" autocomplete="off">
            ${SCOPES.map((name) => html`<option value=${name} ?selected=${name === scope}>${texts[name]}</option>`)}
          </select>
        </div>
        <div>
          <label for="${kind}-value">${texts.value}</label>
          <input
            id="${kind}-value"
            class="field"
            name="value"
            required
            dir="ltr"
            autocomplete="off"
            .value=${value}
            placeholder="+1415555 · US · 203.0.113.0/24"
          />
        </div>
        <div>
          <label for="${kind}-reason">${texts.why}</label>
          <input
            id="${kind}-reason"
            class="field"
            name="reason"
            required
            maxlength="200"
            autocomplete="off"
          />
        </div>
        <div>
          <label for="${kind}-until">${isBlock ? texts.until : texts.untilOptional}</label>
          <input
            id="${kind}-until"
            class="field"
            name="until"
            type="datetime-local"
            autocomplete="off"
            ?required=${isBlock}
            .value=${isBlock ? localTime(Date.now() + DAY_MS) : ''}
          />
        </div>
        <button class="small" ?disabled=${this.isBusy}>${isBlock ? texts.block : texts.markSafe}</button>
      </form>
      ${this.renderNotice()} ${this.renderList()}
    `;
  }

  protected renderItem(entry: FraudEntry): TemplateResult {
    const { texts, kind } = this;
    const { scope, value, reason, createdAt, until } = entry;
    const end = until ? fill(texts.endsAt, { time: timeText(until) }) : texts.noEnd;
    const name = scope === 'country' ? countryName(value, texts) : value;
    return html`<li>
      <div>
        <strong><bdi>${name}</bdi></strong> <span class="badge">${texts[scope]}</span>
        <p dir="auto">${reason}</p>
        <p class="quiet">${fill(texts.madeAt, { time: timeText(createdAt) })} · ${end}</p>
      </div>
      <button
        class="small secondary"
        ?disabled=${this.isBusy}
        aria-label=${fill(texts.liftOf, { value: name })}
        @click=${() => this.lift(entry)}
      >
        ${kind === 'blocks' ? texts.lift : texts.removeEntry}
      </button>
    </li>`;
  }

  protected async load(cursor?: string): Promise<ListPage<FraudEntry>> {
    return pageOf(await client.api.GET(`/fraud/${this.kind}`, { query: { limit: 20, cursor } }));
  }

  private async add(event: Event): Promise<void> {
    const { scope = '', value = '', reason = '', until } = valuesOf(event);
    const trimmed = scope === 'country' ? value.trim().toUpperCase() : value.replace(/\s/g, '');
    const body = {
      [scope]: trimmed,
      reason: reason.trim(),
      ...(until && { until: new Date(until).toISOString() }),
    };
    const isAdded = await this.run(async () => {
      await client.api.POST(`/fraud/${this.kind}`, { body });
      await this.read();
      return (texts) => texts.added;
    });
    if (isAdded) for (const name of ['value', 'reason']) this.field(name).value = '';
  }

  private field(name: string): HTMLInputElement {
    return this.querySelector(`input[name=${name}]`)!;
  }

  private async lift(entry: FraudEntry): Promise<void> {
    const { id } = entry;
    await this.run(async () => {
      await client.api.DELETE(`/fraud/${this.kind}/{id}`, { path: { id } });
      this.drop(entry);
      return (texts) => texts.removed;
    });
    await this.focusOn('form button');
  }
}

/** The value of a field for a local date and time. */
function localTime(at: number): string {
  const offsetMs = new Date(at).getTimezoneOffset() * 60_000;
  return new Date(at - offsetMs).toISOString().slice(0, 16);
}

customElements.define('rule-list', RuleList);
