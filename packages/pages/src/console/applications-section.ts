import type { components } from '@otp-auth/client';
import { html, nothing, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { fill } from '../shared/texts.js';
import { confirmAct, confirmWithOption } from '../signed-in/confirm.js';
import { pageOf, type ListPage } from '../signed-in/pages.js';
import { timeText } from '../signed-in/times.js';
import type { Saved } from './application-form.js';
import './application-form.js';
import { ListSection } from './list-section.js';
import './secret-box.js';

type Schemas = components['schemas'];
type Application = Schemas['Application'];

/** The applications that may send codes, and their secrets. */
class ApplicationsSection extends ListSection<Application> {
  static override properties = {
    ...ListSection.properties,
    withSecret: { state: true },
    openId: { state: true },
  };
  /** The application whose secret is shown. The server does not tell it again. */
  declare private withSecret: Schemas['ApplicationWithSecret'] | null;
  /** The application that is being changed, or `new`. */
  declare private openId: string;

  constructor() {
    super();
    this.withSecret = null;
    this.openId = '';
  }

  protected override render(): TemplateResult {
    const { texts, withSecret } = this;
    return html`
      <p class="quiet">${texts.applicationsText}</p>
      <div aria-live="polite">
        ${
          withSecret?.secret
            ? html`<secret-box
                .texts=${texts}
                .application=${withSecret}
                @hidden=${() => (this.withSecret = null)}
              ></secret-box>`
            : nothing
        }
      </div>
      ${this.renderNotice()} ${this.renderList()}
      ${
        this.openId === 'new'
          ? html`<section aria-labelledby="new-application">
              <h2 id="new-application">${texts.newApplication}</h2>
              ${this.renderForm()}
            </section>`
          : html`<button class="small new" @click=${() => this.open('new')}>${texts.newApplication}</button>`
      }
    `;
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
      ${
        this.openId === id
          ? html`<div class="details">${this.renderForm(application)}</div>`
          : this.renderActs(application)
      }
    </li>`;
  }

  private renderActs(application: Application): TemplateResult {
    const { texts } = this;
    const act = (text: string, run: () => void, kind = 'secondary') =>
      html`<button class="small ${kind}" ?disabled=${this.isBusy} @click=${run}>${text}</button>`;
    return html`<div class="buttons" data-id=${application.id}>
      ${act(texts.edit, () => this.open(application.id))}
      ${application.kind === 'server' ? act(texts.newSecret, () => void this.rotate(application)) : nothing}
      ${act(application.disabledAt ? texts.enable : texts.disable, () => this.switch(application))}
      ${act(texts.delete, () => void this.delete(application), 'danger')}
    </div>`;
  }

  private renderForm(application?: Application): TemplateResult {
    return html`<application-form
      .texts=${this.texts}
      .application=${application}
      @saved=${({ detail }: Saved) => this.saved(detail)}
      @cancelled=${() => this.close()}
    ></application-form>`;
  }

  protected async load(cursor?: string): Promise<ListPage<Application>> {
    return pageOf(await client.api.GET('/applications', { query: { limit: 20, cursor } }));
  }

  private open(id: string): void {
    this.openId = id;
    this.notice = null;
  }

  /** Returns the focus to the button that opened the form. */
  private close(): void {
    const { openId } = this;
    this.openId = '';
    void this.focusOn(openId === 'new' ? 'button.new' : `[data-id="${openId}"] button`);
  }

  private saved(application: Schemas['ApplicationWithSecret']): void {
    const isNew = this.openId === 'new';
    this.close();
    if (isNew) {
      this.withSecret = application;
      void this.run(async () => {
        await this.read();
        return (texts) => texts.added;
      });
    } else {
      this.replace(application);
      this.notice = { kind: 'good', text: (texts) => texts.saved };
    }
  }

  private async rotate({ id, name }: Application): Promise<void> {
    const { texts } = this;
    const question = {
      title: fill(texts.rotateTitle, { name }),
      text: texts.rotateText,
      confirm: texts.newSecret,
      cancel: texts.cancel,
    };
    const answer = await confirmWithOption(question, texts.revokePrevious);
    if (!answer) return;
    await this.run(async () => {
      const body = { revokePrevious: answer.isChosen };
      const { data } = await client.api.POST('/applications/{id}/secret', { path: { id }, body });
      this.withSecret = data;
      this.replace(data);
    });
  }

  private switch({ id, disabledAt }: Application): void {
    void this.run(async () => {
      const body = { disabled: disabledAt === null };
      this.replace((await client.api.PATCH('/applications/{id}', { path: { id }, body })).data);
      return (texts) => texts.saved;
    });
  }

  private async delete(application: Application): Promise<void> {
    const { texts } = this;
    const { id, name } = application;
    const title = fill(texts.deleteTitle, { name });
    const question = { title, text: texts.deleteApplication, confirm: texts.delete, cancel: texts.cancel };
    if (!(await confirmAct(question))) return;
    await this.run(async () => {
      await client.api.DELETE('/applications/{id}', { path: { id } });
      this.drop(application);
      return ({ removed }) => removed;
    });
  }
}

customElements.define('applications-section', ApplicationsSection);
