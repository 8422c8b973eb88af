import { html, type TemplateResult } from 'lit';
import { PageElement } from '../shared/page-element.js';
import { server, SERVER_URL } from '../shared/server.js';
import type developerTexts from '../texts/developer/en.json';
import './developer.css';

export type Texts = typeof developerTexts;

export interface PageLink {
  name: string;
  /** What the reader finds there. */
  text: string;
  url: string;
}

/** A page of a development server: a wide page with links to the others. */
export abstract class DeveloperPage extends PageElement<Texts> {
  protected readonly area = 'developer';

  protected override renderHeader(): TemplateResult {
    const pages = this.links.filter(({ url }) => !url.endsWith('.json'));
    const links = [{ name: this.texts.home, url: `${SERVER_URL}/` }, ...pages];
    return html`
      <header>
        <nav aria-label=${this.texts.pages}>
          ${links.map(
            ({ name, url }) =>
              html`<a href=${url} aria-current=${url === location.href.split(/[?#]/)[0] ? 'page' : 'false'}
                >${name}</a
              >`,
          )}
        </nav>
      </header>
    `;
  }

  /** Only to what this server serves. */
  protected get links(): PageLink[] {
    const { texts } = this;
    const { hasDocs, hasInbox } = server;
    const links: [isServed: boolean, name: string, text: string, path: string][] = [
      [true, texts.demo, texts.demoText, 'demo'],
      [hasDocs, texts.swagger, texts.swaggerText, 'docs'],
      [hasInbox, texts.inbox, texts.inboxText, 'inbox'],
      [true, texts.preview, texts.previewText, 'inbox/preview'],
      [hasDocs, texts.openapi, texts.openapiText, 'openapi.json'],
    ];
    return links
      .filter(([isServed]) => isServed)
      .map(([, name, text, path]) => ({ name, text, url: `${SERVER_URL}/${path}` }));
  }
}
