import { html, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { confirmAct } from '../signed-in/confirm.js';
import { Section } from '../signed-in/section.js';
import type { AccountTexts } from './texts.js';

/** The export of all data of the person, and the deletion of the account. */
class DataSection extends Section<AccountTexts> {
  protected override render(): TemplateResult {
    const { texts } = this;
    return html`
      <section aria-labelledby="data-title">
        <h2 id="data-title">${texts.data}</h2>
        <p class="quiet">${texts.exportText}</p>
        <button class="small secondary" ?disabled=${this.isBusy} @click=${this.export}>
          ${texts.export}
        </button>
        <h3>${texts.deletion}</h3>
        <p class="quiet">${texts.deletionText}</p>
        <button class="small danger" ?disabled=${this.isBusy} @click=${this.delete}>
          ${texts.deleteAccount}
        </button>
        ${this.renderNotice()}
      </section>
    `;
  }

  private export(): void {
    void this.run(async () => {
      const { data } = await client.api.GET('/users/me/export');
      const file = new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' });
      const link = document.createElement('a');
      link.href = URL.createObjectURL(file);
      link.download = 'account.json';
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      return ({ exported }) => exported;
    });
  }

  private async delete(): Promise<void> {
    const { texts } = this;
    const isSure = await confirmAct({
      title: texts.deleteTitle,
      text: texts.deleteQuestion,
      confirm: texts.deleteAccount,
      cancel: texts.cancel,
    });
    if (!isSure) return;
    const isDeleted = await this.run(async () => {
      await client.api.DELETE('/users/me');
    });
    if (isDeleted) this.dispatchEvent(new CustomEvent('deleted'));
  }
}

customElements.define('data-section', DataSection);
