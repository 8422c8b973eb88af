import { html, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { LinkPage, type Result } from './link-page.js';

/** The page that the link in a notice about a deleted account opens. */
class UndoDeletionPage extends LinkPage {
  protected get heading(): string {
    return this.texts.deletionTitle;
  }

  protected renderForm(): TemplateResult {
    const { texts } = this;
    return html`
      <p>${texts.deletionIntro}</p>
      <p>${texts.deletionNext}</p>
      <button ?disabled=${this.isBusy}>${texts.deletionButton}</button>
    `;
  }

  protected async send(token: string): Promise<Result['text']> {
    await client.api.POST('/users/deletion/undo', { body: { token } });
    return ({ deletionDone }) => deletionDone;
  }
}

customElements.define('undo-deletion-page', UndoDeletionPage);
