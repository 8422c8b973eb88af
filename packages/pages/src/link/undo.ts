import { html, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { LinkPage, type Result } from './link-page.js';

/** The page that the link in a notice about a contact change opens. */
class UndoPage extends LinkPage {
  protected get heading(): string {
    return this.texts.undoTitle;
  }

  protected renderForm(): TemplateResult {
    const { texts } = this;
    return html`
      <p>${texts.undoIntro}</p>
      <ul>
        <li>${texts.undoAddress}</li>
        <li>${texts.undoPassword}</li>
        <li>${texts.undoDevices}</li>
      </ul>
      <p>${texts.undoNext}</p>
      <button ?disabled=${this.isBusy}>${texts.undoButton}</button>
    `;
  }

  protected async send(token: string): Promise<Result['text']> {
    await client.api.POST('/users/contact/undo', { body: { token } });
    return ({ undoDone }) => undoDone;
  }
}

customElements.define('undo-page', UndoPage);
