import type { components } from '@otp-auth/client';
import { html, nothing, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { Section, valuesOf } from '../signed-in/section.js';
import type { ConsoleTexts } from './texts.js';
import { timelineView } from './timeline-view.js';

type Timeline = components['schemas']['Timeline'];

/** Finds out why a code did not arrive. */
class MessagesSection extends Section<ConsoleTexts> {
  static override properties = { ...Section.properties, timeline: { state: true } };
  declare private timeline: Timeline | null;
  private recipient = '';

  constructor() {
    super();
    this.timeline = null;
  }

  protected override render(): TemplateResult {
    const { texts, timeline } = this;
    return html`
      <form class="search" role="search" @submit=${this.search}>
        <label for="recipient">${texts.recipient}</label>
        <div>
          <input
            id="recipient"
            class="field"
            name="recipient"
            required
            dir="ltr"
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
            aria-describedby="recipient-hint"
          />
          <button class="small" ?disabled=${this.isBusy}>${texts.search}</button>
        </div>
        <p class="hint" id="recipient-hint">${texts.recipientHint}</p>
      </form>
      ${this.renderNotice()}
      ${
        timeline
          ? html`
              <h2><bdi>${timeline.recipient}</bdi></h2>
              <p class="quiet">${texts.unblockText}</p>
              <button class="small secondary" ?disabled=${this.isBusy} @click=${this.unblock}>
                ${texts.unblock}
              </button>
              ${timelineView(timeline, texts)}
            `
          : nothing
      }
    `;
  }

  private search(event: Event): void {
    const { recipient = '' } = valuesOf(event);
    this.timeline = null;
    void this.run(async () => {
      const { data } = await client.api.GET('/deliveries', { query: { recipient: recipient.trim() } });
      this.recipient = recipient.trim();
      this.timeline = data;
    });
  }

  private unblock(): void {
    const { recipient } = this;
    void this.run(async () => {
      const { data } = await client.api.POST('/deliveries/unblock', { body: { recipient } });
      this.timeline = data;
      return ({ unblocked }) => unblocked;
    });
  }
}

customElements.define('messages-section', MessagesSection);
