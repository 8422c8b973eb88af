import { html, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';

/** Radio buttons that look like one control. */
export function choice<Name extends string>(
  legend: string,
  name: string,
  options: Name[],
  chosen: Name,
  {
    text,
    choose,
    isLegendHidden = false,
  }: {
    text: (option: Name) => string;
    choose: (option: Name) => void;
    isLegendHidden?: boolean;
  },
): TemplateResult {
  return html`<fieldset part="choice">
    <legend class=${isLegendHidden ? 'hidden' : ''}>${legend}</legend>
    <div class="segments" part="segments">
      ${options.map(
        (option) =>
          html`<label part="segment">
            <input
              type="radio"
              name=${name}
              value=${option}
              .checked=${live(option === chosen)}
              @change=${() => choose(option)}
            />${text(option)}
          </label>`,
      )}
    </div>
  </fieldset>`;
}
