import '@otp-auth/elements';
import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { phoneChannels, server, SERVER_URL, SIGN_IN_METHODS } from '../shared/server.js';
import { locale } from '../shared/texts.js';
import { DeveloperPage } from './developer-page.js';
import { recordRequests, type Exchange } from './recorded-requests.js';

/** The elements at work, beside the requests that they make. */
class DemoPage extends DeveloperPage {
  static override properties = { exchanges: { state: true } };
  declare private exchanges: Exchange[];

  constructor() {
    super();
    this.exchanges = [];
    recordRequests(SERVER_URL, (exchange) => this.record(exchange));
  }

  protected get heading(): string {
    return this.texts.demo;
  }

  protected renderContent(): TemplateResult {
    const { texts, exchanges } = this;
    const [newest] = exchanges;
    return html`
      <h1>${this.heading}</h1>
      <p>${texts.demoIntro}</p>
      <div class="demo">
        <otp-sign-in
          url=${SERVER_URL}
          locale=${locale}
          methods=${SIGN_IN_METHODS}
          channels=${phoneChannels('login').join(',')}
          code-length=${server.codeLength}
        ></otp-sign-in>
        <section aria-labelledby="requests">
          <h2 id="requests">${texts.requests}</h2>
          <p class="visually-hidden" role="status">
            ${newest ? `${newest.method} ${newest.path} ${newest.status ?? ''}` : nothing}
          </p>
          ${newest ? nothing : html`<p class="hint">${texts.noRequests}</p>`}
          ${repeat(
            exchanges,
            ({ id }) => id,
            (exchange) => this.renderExchange(exchange),
          )}
        </section>
      </div>
    `;
  }

  private renderExchange({ method, path, sent, status, reply }: Exchange): TemplateResult {
    const { texts } = this;
    const outcome = status === undefined ? texts.waiting : (status ?? texts.noReply);
    const isGood = typeof status === 'number' && status < 400;
    return html`
      <article class="exchange">
        <h3 dir="ltr">
          <code>${method} ${path}</code> <span class=${isGood ? 'good' : 'bad'}>${outcome}</span>
        </h3>
        ${sent ? this.renderBody(texts.sent, sent) : nothing}
        ${reply ? this.renderBody(texts.reply, reply) : nothing}
      </article>
    `;
  }

  private renderBody(title: string, body: string): TemplateResult {
    return html`<p class="quiet">${title}</p>
      <pre dir="ltr"><code>${body}</code></pre>`;
  }

  private record(exchange: Exchange): void {
    const others = this.exchanges.filter(({ id }) => id !== exchange.id);
    this.exchanges = [...others, exchange].sort((a, b) => b.id - a.id);
  }
}

customElements.define('demo-page', DemoPage);
