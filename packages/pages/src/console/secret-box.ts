import type { components } from '@otp-auth/client';
import { html, LitElement, type TemplateResult } from 'lit';
import { fill } from '../shared/texts.js';
import type { ConsoleTexts } from './texts.js';

/**
 * Shows the secret of an application once.
 *
 * @fires hidden - The administrator has copied it.
 */
class SecretBox extends LitElement {
  static override properties = {
    texts: { attribute: false },
    application: { attribute: false },
    isCopied: { state: true },
  };
  declare texts: ConsoleTexts;
  declare application: components['schemas']['ApplicationWithSecret'];
  declare private isCopied: boolean;

  constructor() {
    super();
    this.isCopied = false;
  }

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { texts, application, isCopied } = this;
    return html`<div class="secret">
      <p><strong>${fill(texts.secretOf, { name: application.name })}</strong> ${texts.secretOnce}</p>
      <p><code>${application.secret}</code></p>
      <div class="buttons">
        <button class="small" @click=${this.copy}>${isCopied ? texts.copied : texts.copy}</button>
        <button class="small secondary" @click=${() => this.dispatchEvent(new Event('hidden'))}>
          ${texts.hide}
        </button>
      </div>
    </div>`;
  }

  private async copy(): Promise<void> {
    await navigator.clipboard.writeText(this.application.secret ?? '');
    this.isCopied = true;
  }
}

customElements.define('secret-box', SecretBox);
