import { html, type TemplateResult } from 'lit';
import { DeveloperPage } from './developer-page.js';

/** Says what this server is, and what it offers. */
class HomePage extends DeveloperPage {
  protected get heading(): string {
    return 'OTP Auth Server';
  }

  protected renderContent(): TemplateResult {
    const { texts } = this;
    return html`
      <h1>${this.heading}</h1>
      <p>${texts.homeIntro}</p>
      <ul class="tiles">
        ${this.links.map(
          ({ name, text, url }) => html`
            <li>
              <h2><a href=${url}>${name}</a></h2>
              <p>${text}</p>
            </li>
          `,
        )}
        <li>
          <h2>${texts.guides}</h2>
          <p>${texts.guidesText}</p>
        </li>
      </ul>
    `;
  }
}

customElements.define('home-page', HomePage);
