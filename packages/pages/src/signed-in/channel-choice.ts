import { html, nothing, type TemplateResult } from 'lit';
import type { PhoneChannel } from '../shared/server.js';
import type { SignedInTexts } from './texts.js';

/** How a code reaches a phone. With one way there is nothing to choose. */
export function channelChoice(
  channels: PhoneChannel[],
  chosen: PhoneChannel | undefined,
  { name, texts, choose }: { name: string; texts: SignedInTexts; choose: (channel: PhoneChannel) => void },
): TemplateResult | typeof nothing {
  if (channels.length < 2) return nothing;
  return html`<fieldset>
    <legend>${texts.channelChoice}</legend>
    <div class="choices">
      ${channels.map(
        (channel) =>
          html`<label class="choice">
            <input
              type="radio"
              name=${name}
              value=${channel}
              autocomplete="off"
              ?checked=${channel === (chosen ?? channels[0])}
              @change=${() => choose(channel)}
            />${texts[`channel_${channel}`]}
          </label>`,
      )}
    </div>
  </fieldset>`;
}
