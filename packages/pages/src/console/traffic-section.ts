import type { components } from '@otp-auth/client';
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { fill } from '../shared/texts.js';
import { Section } from '../signed-in/section.js';
import { number } from './chart.js';
import type { ConsoleTexts } from './texts.js';
import { trafficCharts } from './traffic-charts.js';

type Schemas = components['schemas'];
type Order = 'outstanding' | 'sent';

/** What was sent today, what it cost, and what was refused. */
class TrafficSection extends Section<ConsoleTexts> {
  static override properties = { ...Section.properties, report: { state: true } };
  declare private report: Schemas['FraudReport'] | null;
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

  private renderReport(report: Schemas['FraudReport']): TemplateResult {
    const { texts } = this;
    const { mode, spend } = report;
    return html`
      <p class="quiet">${mode === 'enforce' ? texts.modeEnforce : texts.modeObserve}</p>
      <h2>${texts.spend}</h2>
      <div class="meters">
        ${this.renderSpend(texts.hour, spend.hour)} ${this.renderSpend(texts.day, spend.day)}
      </div>
      ${trafficCharts(report, texts)}
    `;
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
