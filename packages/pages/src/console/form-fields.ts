import { html, nothing, type TemplateResult } from 'lit';

export interface FieldOptions {
  id: string;
  name: string;
  label: string;
  value?: string | number | null;
  /** What may be entered, and what an empty field means. */
  hint?: string;
  /** Why the server refused the value. */
  error?: string;
  type?: 'text' | 'number';
  required?: boolean;
  maxlength?: number;
  /** Of a number. `any` allows decimals. */
  step?: 'any';
  /** Technical values keep their reading direction in every language. */
  dir?: 'ltr';
}

/** A labelled field with its hint and, below, why its value was refused. */
export function formField(options: FieldOptions): TemplateResult {
  const { id, name, label, value, error, type = 'text', required = false, maxlength, step, dir } = options;
  return html`<div>
    <label for=${id}>${label}</label>
    <input
      id=${id}
      class="field"
      name=${name}
      type=${type}
      ?required=${required}
      maxlength=${maxlength ?? nothing}
      min=${type === 'number' ? 0 : nothing}
      max=${type === 'number' ? 1_000_000_000 : nothing}
      step=${step ?? nothing}
      dir=${dir ?? nothing}
      autocomplete="off"
      autocapitalize="none"
      spellcheck="false"
      aria-invalid=${error ? 'true' : 'false'}
      aria-describedby="${id}-below"
      .defaultValue=${String(value ?? '')}
    />
    ${below(options)}
  </div>`;
}

/** What stands below a field: the hint, and the error if there is one. */
export function below({ id, hint, error }: Pick<FieldOptions, 'id' | 'hint' | 'error'>): TemplateResult {
  return html`<div id="${id}-below">
    ${hint ? html`<p class="hint">${hint}</p>` : nothing}
    ${error ? html`<p class="field-error">${error}</p>` : nothing}
  </div>`;
}
