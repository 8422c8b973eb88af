import type { components } from '@otp-auth/client';
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { fill } from '../shared/texts.js';
import { Section } from '../signed-in/section.js';
import { chart, countryName, legend, number, percent, type Column } from './chart.js';
import { named, type ConsoleTexts } from './texts.js';

type Schemas = components['schemas'];
type Report = Schemas['FraudReport'];
type Order = 'outstanding' | 'sent';

/** What was sent today, what it cost, and what was refused. */
class TrafficSection extends Section<ConsoleTexts> {
  static override properties = { ...Section.properties, report: { state: true } };
  declare private report: Report | null;
  private order: Order = 'sent';

  constructor() {
    super();
    this.report = null;
  }

  protected override firstUpdated(_changes: PropertyValues): void {
    void this.read();
  }

  protected override render(): TemplateResult {
    const { texts, report } = this;
    return html`
      <div class="tools">
        <label>
          ${texts.order}
          <select class="field" autocomplete="off" @change=${this.sort}>
            <option value="sent">${texts.bySent}</option>
            <option value="outstanding">${texts.byOutstanding}</option>
          </select>
        </label>
        <button class="small secondary" ?disabled=${this.isBusy} @click=${() => this.read()}>
          ${texts.refresh}
        </button>
      </div>
      ${this.renderNotice()} ${report ? this.renderReport(report) : nothing}
    `;
  }

  private renderReport({ mode, spend, countries, prefixes, networks, applications, refusals }: Report) {
    const { texts } = this;
    const byScope = this.scopeColumns();
    return html`
      <p class="quiet">${mode === 'enforce' ? texts.modeEnforce : texts.modeObserve}</p>
      <h2>${texts.spend}</h2>
      <div class="meters">
        ${this.renderSpend(texts.hour, spend.hour)} ${this.renderSpend(texts.day, spend.day)}
      </div>
      ${chart(texts.countries, countries, [this.name(texts.country, countryName), ...byScope], texts)}
      ${chart(texts.prefixes, prefixes, [this.name(texts.prefix, this.blockLink('prefix')), ...byScope], texts)}
      ${chart(texts.networks, networks, [this.name(texts.network, this.blockLink('network')), ...byScope], texts)}
      ${chart(
        texts.tab_applications,
        applications,
        [
          this.name(texts.application, (value) => value),
          { name: texts.sent, value: ({ sent }) => number(sent), bar: ({ sent }) => [sent, 0] },
          { name: texts.spent, value: ({ spent }) => number(spent) },
        ],
        texts,
      )}
      ${chart(
        texts.refusals,
        refusals,
        [
          { name: texts.verdict, value: ({ verdict }) => named(texts, 'verdict', verdict) },
          { name: texts.limit, value: ({ scope }) => named(texts, 'scope', scope) },
          { name: texts.country, value: ({ country }) => countryName(country, texts) },
          { name: texts.hour, value: ({ hour }) => number(hour) },
          { name: texts.day, value: ({ day }) => number(day), bar: ({ day }) => [0, day] },
        ],
        texts,
      )}
    `;
  }

  private name<Row extends { value: string }>(
    name: string,
    show: (value: string, texts: ConsoleTexts) => unknown,
  ): Column<Row> {
    return { name, value: ({ value }) => show(value, this.texts) };
  }

  /** Opens the form for a block of this value. */
  private blockLink(scope: string) {
    return (value: string, texts: ConsoleTexts) =>
      html`<bdi>${value}</bdi>
        <a href="#rules/${scope}/${encodeURIComponent(value)}" aria-label=${fill(texts.blockOf, { value })}
          >${texts.block}</a
        >`;
  }

  private scopeColumns(): Column<Schemas['ScopeUsage']>[] {
    const { texts } = this;
    return [
      { name: texts.hour, value: ({ hour }) => number(hour.sent) },
      {
        name: texts.day,
        value: ({ day }) => number(day.sent),
        bar: ({ day }) => [day.verified, day.outstanding],
      },
      { name: legend(texts.verified), value: ({ day }) => number(day.verified) },
      { name: texts.conversion, value: ({ day }) => (day.sent > 0 ? percent(day.verified / day.sent) : '–') },
    ];
  }

  private renderSpend(name: string, { spent, limit, messages }: Schemas['SpendWindow']): TemplateResult {
    const { texts } = this;
    const values = { spent: number(spent), limit: number(limit ?? 0), messages: number(messages) };
    return html`<div>
      <strong>${name}</strong>
      ${
        limit
          ? html`<meter
              min="0"
              max=${limit}
              high=${limit * 0.8}
              optimum="0"
              .value=${spent}
              aria-label=${name}
            ></meter>`
          : nothing
      }
      <p class="quiet">${fill(limit ? texts.spentOf : texts.spentUnlimited, values)}</p>
    </div>`;
  }

  private sort({ target }: Event): void {
    this.order = (target as HTMLSelectElement).value as Order;
    void this.read();
  }

  private async read(): Promise<void> {
    const { order: sort } = this;
    await this.run(async () => {
      this.report = (await client.api.GET('/fraud', { query: { sort } })).data;
    });
  }
}

customElements.define('traffic-section', TrafficSection);
