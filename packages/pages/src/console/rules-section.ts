import { html, type TemplateResult } from 'lit';
import { Section } from '../signed-in/section.js';
import type { ConsoleTexts } from './texts.js';
import './rule-list.js';

/** Blocks, and the safe list. */
class RulesSection extends Section<ConsoleTexts> {
  static override properties = { ...Section.properties, target: { attribute: false } };
  /** What the form offers to block: scope and value. */
  declare target: string[];

  protected override render(): TemplateResult {
    const { texts, target } = this;
    return html`
      <section aria-labelledby="blocks-title">
        <h2 id="blocks-title">${texts.blocks}</h2>
        <p class="quiet">${texts.blocksText}</p>
        <rule-list kind="blocks" .texts=${texts} .target=${target}></rule-list>
      </section>
      <section aria-labelledby="safe-title">
        <h2 id="safe-title">${texts.safeList}</h2>
        <p class="quiet">${texts.safeListText}</p>
        <rule-list kind="safe-list" .texts=${texts}></rule-list>
      </section>
    `;
  }
}

customElements.define('rules-section', RulesSection);
