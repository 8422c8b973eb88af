import type { components } from '@otp-auth/client';
import { html, nothing, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { refusedFields } from '../shared/problems.js';
import { Section } from '../signed-in/section.js';
import { changesOf, fieldsOf, type Application } from './application-fields.js';
import { channelsField, limitsField, NEW_LIMITS } from './application-limits.js';
import { formField, type FieldOptions } from './form-fields.js';
import type { ConsoleTexts } from './texts.js';

type Schemas = components['schemas'];
type Kind = Application['kind'];
export type Saved = CustomEvent<Schemas['ApplicationWithSecret']>;

/** Fields with a sentence about what they accept. Any other refusal stands below the form. */
const FIELDS = [
  'name',
  'origins',
  'smsHost',
  'purposes',
  'countries',
  'audience',
  'brandName',
  'limits',
] as const;
type Field = (typeof FIELDS)[number];

/**
 * Creates an application, or changes one.
 *
 * @fires saved - `detail` is the application, with its secret if it is new and has one.
 * @fires cancelled
 */
class ApplicationForm extends Section<ConsoleTexts> {
  static override properties = {
    ...Section.properties,
    application: { attribute: false },
    kind: { state: true },
    refused: { state: true },
  };
  /** Without one, the form creates an application. */
  declare application?: Application;
  declare private kind: Kind;
  declare private refused: Field[];

  constructor() {
    super();
    this.kind = 'server';
    this.refused = [];
  }

  protected override firstUpdated(): void {
    void this.focusOn('input');
  }

  protected override render(): TemplateResult {
    const { texts, application } = this;
    const kind = application?.kind ?? this.kind;
    return html`
      <form @submit=${this.save}>
        <div class="fields">
          ${this.text('name', { label: texts.name, maxlength: 100, required: true })}
          ${application ? nothing : this.renderKind()}
          ${
            kind === 'browser'
              ? html`${this.list('origins', { label: texts.origins, hint: texts.hint_origins, required: true })}
                ${this.text('smsHost', { label: texts.smsHost, hint: texts.hint_smsHost, dir: 'ltr' })}`
              : nothing
          }
          ${this.list('purposes', { label: texts.purposes, hint: texts.hint_purposes })}
          ${this.list('countries', { label: texts.countries, hint: texts.hint_countries })}
          ${this.text('audience', { label: texts.audience, hint: texts.hint_audience, dir: 'ltr' })}
          ${this.text('brandName', { label: texts.brandName, hint: texts.hint_brandName })}
        </div>
        ${channelsField(this.idOf('channels'), application?.channels ?? [], texts)}
        ${limitsField((name) => this.idOf(name), application?.limits ?? NEW_LIMITS, {
          texts,
          error: this.errorOf('limits'),
        })}
        <div class="buttons">
          <button class="small" ?disabled=${this.isBusy}>${application ? texts.save : texts.create}</button>
          <button
            class="small secondary"
            type="button"
            @click=${() => this.dispatchEvent(new Event('cancelled'))}
          >
            ${texts.cancel}
          </button>
        </div>
        ${this.renderNotice()}
      </form>
    `;
  }

  private renderKind(): TemplateResult {
    const { texts } = this;
    return html`<div>
      <label for="kind">${texts.kind}</label>
      <select
        id="kind"
        class="field"
        autocomplete="off"
        @change=${({ target }: Event) => (this.kind = (target as HTMLSelectElement).value as Kind)}
      >
        <option value="server">${texts.kind_server}</option>
        <option value="browser">${texts.kind_browser}</option>
      </select>
    </div>`;
  }

  private text(name: Exclude<Field, 'limits'>, options: Omit<FieldOptions, 'id' | 'name'>): TemplateResult {
    const value = this.application?.[name];
    const text = Array.isArray(value) ? value.join(', ') : value;
    return formField({ id: this.idOf(name), name, value: text, error: this.errorOf(name), ...options });
  }

  private list(name: Exclude<Field, 'limits'>, options: Omit<FieldOptions, 'id' | 'name'>): TemplateResult {
    return this.text(name, { dir: 'ltr', ...options });
  }

  private idOf(name: string): string {
    return `${this.application?.id ?? 'new'}-${name}`;
  }

  private errorOf(field: Field): string | undefined {
    return this.refused.includes(field) ? this.texts[`wrong_${field}`] : undefined;
  }

  private save(event: Event): void {
    event.preventDefault();
    this.refused = [];
    const fields = fieldsOf(event.target as HTMLFormElement);
    void this.run(async () => {
      const detail = await this.send(fields);
      this.dispatchEvent(new CustomEvent('saved', { detail }));
    });
  }

  private async send(fields: ReturnType<typeof fieldsOf>): Promise<Schemas['ApplicationWithSecret']> {
    const { application, kind } = this;
    if (!application) return (await client.api.POST('/applications', { body: { ...fields, kind } })).data;
    const body = changesOf(application, fields);
    if (!body) return application;
    return (await client.api.PATCH('/applications/{id}', { path: { id: application.id }, body })).data;
  }

  protected override refuse(error: unknown): void {
    const names = refusedFields(error);
    this.refused = FIELDS.filter((field) => names.includes(field));
    if (this.refused.length === 0) super.refuse(error);
    else void this.focusOn('[aria-invalid=true]');
  }
}

customElements.define('application-form', ApplicationForm);
