import type { components } from '@otp-auth/client';
import { html, nothing, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { fill } from '../shared/texts.js';
import { confirmAct } from '../signed-in/confirm.js';
import { pageOf, type ListPage } from '../signed-in/pages.js';
import { valuesOf } from '../signed-in/section.js';
import { timeText } from '../signed-in/times.js';
import { ListSection } from './list-section.js';

type Schemas = components['schemas'];
type Application = Schemas['Application'];
type Kind = Application['kind'];

/** The applications that may send codes, and their secrets. */
class ApplicationsSection extends ListSection<Application> {
  static override properties = {
    ...ListSection.properties,
    created: { state: true },
    isCopied: { state: true },
    kind: { state: true },
  };
  /** The application whose secret is shown. The server does not tell it again. */
  declare private created: Schemas['ApplicationWithSecret'] | null;
  declare private isCopied: boolean;
  declare private kind: Kind;

  constructor() {
    super();
    this.created = null;
    this.isCopied = false;
    this.kind = 'server';
  }

  protected override render(): TemplateResult {
    const { texts } = this;
    return html`
      <p class="quiet">${texts.applicationsText}</p>
      <div aria-live="polite">${this.renderSecret()}</div>
      ${this.renderNotice()} ${this.renderList()}
      <section aria-labelledby="new-application">
        <h2 id="new-application">${texts.newApplication}</h2>
        <form @submit=${this.create}>
          <div class="fields">
            <div>
              <label for="name">${texts.name}</label>
              <input id="name" class="field" name="name" required maxlength="64" autocomplete="off" />
            </div>
            <div>
              <label for="kind">${texts.kind}</label>
              <select
                id="kind"
                class="field"
                name="kind"
                autocomplete="off"
                @change=${({ target }: Event) => (this.kind = (target as HTMLSelectElement).value as Kind)}
              >
                <option value="server">${texts.kind_server}</option>
                <option value="browser">${texts.kind_browser}</option>
              </select>
            </div>
            ${
              this.kind === 'browser'
                ? html`<div>
                    <label for="origins">${texts.origins}</label>
                    <input
                      id="origins"
                      class="field"
                      name="origins"
                      required
                      dir="ltr"
                      autocomplete="off"
                      placeholder="https://app.example.com"
                    />
                  </div>`
                : nothing
            }
          </div>
          <button class="small" ?disabled=${this.isBusy}>${texts.create}</button>
        </form>
      </section>
    `;
  }

  private renderSecret(): TemplateResult | typeof nothing {
    const { texts, created } = this;
    if (!created?.secret) return nothing;
    return html`<div class="secret">
      <p><strong>${fill(texts.secretOf, { name: created.name })}</strong> ${texts.secretOnce}</p>
      <p><code>${created.secret}</code></p>
      <div class="buttons">
        <button class="small" @click=${this.copy}>${this.isCopied ? texts.copied : texts.copy}</button>
        <button class="small secondary" @click=${() => (this.created = null)}>${texts.hide}</button>
      </div>
    </div>`;
  }

  protected renderItem(application: Application): TemplateResult {
    const { texts } = this;
    const { id, name, kind, origins, createdAt, disabledAt, previousSecretExpiresAt } = application;
    return html`<li>
      <div>
        <strong>${name}</strong> <span class="badge">${texts[`kind_${kind}`]}</span>
        ${disabledAt ? html`<span class="badge bad">${texts.disabled}</span>` : nothing}
        <p><code>${id}</code></p>
        <p class="quiet">
          ${fill(texts.madeAt, { time: timeText(createdAt) })}${
            origins.length > 0 ? html` · <bdi>${origins.join(', ')}</bdi>` : nothing
          }${
            previousSecretExpiresAt
              ? html` · ${fill(texts.oldSecret, { time: timeText(previousSecretExpiresAt) })}`
              : nothing
          }
        </p>
      </div>
      <div class="buttons">
        ${
          kind === 'server'
            ? html`<button
                class="small secondary"
                ?disabled=${this.isBusy}
                @click=${() => this.rotate(application)}
              >
                ${texts.newSecret}
              </button>`
            : nothing
        }
        <button class="small secondary" ?disabled=${this.isBusy} @click=${() => this.switch(application)}>
          ${disabledAt ? texts.enable : texts.disable}
        </button>
        <button class="small danger" ?disabled=${this.isBusy} @click=${() => this.delete(application)}>
          ${texts.delete}
        </button>
      </div>
    </li>`;
  }

  protected async load(cursor?: string): Promise<ListPage<Application>> {
    return pageOf(await client.api.GET('/applications', { query: { limit: 20, cursor } }));
  }

  private async create(event: Event): Promise<void> {
    const { name = '', origins } = valuesOf(event);
    const { kind } = this;
    const list = origins?.split(/[\s,]+/).filter(Boolean);
    const isCreated = await this.run(async () => {
      const body = { name: name.trim(), kind, ...(list && { origins: list }) };
      this.show((await client.api.POST('/applications', { body })).data);
      await this.read();
      return (texts) => texts.added;
    });
    if (!isCreated) return;
    (event.target as HTMLFormElement).reset();
    this.kind = 'server';
  }

  private rotate({ id, name }: Application): void {
    const { texts } = this;
    void this.ask(
      { title: fill(texts.rotateTitle, { name }), text: texts.rotateText, act: texts.newSecret },
      async () => {
        const { data } = await client.api.POST('/applications/{id}/secret', { path: { id }, body: {} });
        this.show(data);
        this.replace(data);
      },
    );
  }

  private switch({ id, disabledAt }: Application): void {
    void this.run(async () => {
      const body = { disabled: disabledAt === null };
      this.replace((await client.api.PATCH('/applications/{id}', { path: { id }, body })).data);
      return (texts) => texts.saved;
    });
  }

  private delete(application: Application): void {
    const { texts } = this;
    const { id, name } = application;
    const question = {
      title: fill(texts.deleteTitle, { name }),
      text: texts.deleteApplication,
      act: texts.delete,
    };
    void this.ask(question, async () => {
      await client.api.DELETE('/applications/{id}', { path: { id } });
      this.drop(application);
      return ({ removed }) => removed;
    });
  }

  private async ask(
    { title, text, act }: { title: string; text: string; act: string },
    run: Parameters<ApplicationsSection['run']>[0],
  ): Promise<void> {
    if (await confirmAct({ title, text, confirm: act, cancel: this.texts.cancel })) await this.run(run);
  }

  private show(created: Schemas['ApplicationWithSecret']): void {
    this.created = created;
    this.isCopied = false;
  }

  private async copy(): Promise<void> {
    await navigator.clipboard.writeText(this.created?.secret ?? '');
    this.isCopied = true;
  }
}

customElements.define('applications-section', ApplicationsSection);
