import { html, type TemplateResult } from 'lit';
import { CHANNELS, type Application } from './application-fields.js';
import { below, formField, type FieldOptions } from './form-fields.js';
import type { ConsoleTexts } from './texts.js';

type Limits = Application['limits'];

/** As the server gives them to an application that is created without limits. */
export const NEW_LIMITS: Limits = { messagesPerMinute: 600, messagesPerDay: null, spendPerDay: null };

export function channelsField(id: string, chosen: string[], texts: ConsoleTexts): TemplateResult {
  return html`<fieldset aria-describedby="${id}-below">
    <legend>${texts.channels}</legend>
    <div class="choices">
      ${CHANNELS.map(
        (channel) =>
          html`<label class="choice">
            <input
              type="checkbox"
              name="channels"
              value=${channel}
              autocomplete="off"
              ?checked=${chosen.includes(channel)}
            />${texts[`channel_${channel}`]}
          </label>`,
      )}
    </div>
    ${below({ id, hint: texts.hint_channels })}
  </fieldset>`;
}

export function limitsField(
  idOf: (name: string) => string,
  limits: Limits,
  { texts, error }: { texts: ConsoleTexts; error?: string },
): TemplateResult {
  const limit = (name: keyof Limits, options: Partial<FieldOptions>) =>
    formField({
      ...{ id: idOf(name), name, label: texts[name], value: limits[name], type: 'number', error },
      ...options,
    });
  return html`<fieldset>
    <legend>${texts.limits}</legend>
    <div class="fields">
      ${limit('messagesPerMinute', { required: true })}
      ${limit('messagesPerDay', { hint: texts.hint_noLimit })}
      ${limit('spendPerDay', { hint: texts.hint_noLimit, step: 'any' })}
    </div>
  </fieldset>`;
}
