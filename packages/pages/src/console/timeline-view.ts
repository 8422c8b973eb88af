import type { components } from '@otp-auth/client';
import { html, nothing, type TemplateResult } from 'lit';
import { fill } from '../shared/texts.js';
import { time, timeText } from '../signed-in/times.js';
import { named, type ConsoleTexts } from './texts.js';

type Schemas = components['schemas'];

/** Codes and messages of one recipient in plain words, newest first. */
export function timelineView(timeline: Schemas['Timeline'], texts: ConsoleTexts): TemplateResult {
  const { suppression, codes, messages } = timeline;
  return html`
    ${
      suppression
        ? html`<p class="notice bad">
            ${fill(texts.suppressed, {
              time: timeText(suppression.since),
              provider: suppression.provider,
              reason: named(texts, 'suppression', suppression.reason),
            })}
          </p>`
        : nothing
    }
    <h3>${texts.codes}</h3>
    ${codes.length === 0 ? html`<p class="quiet">${texts.noCodes}</p>` : nothing}
    <ul class="rows">
      ${codes.map((code) => codeView(code, texts))}
    </ul>
    <h3>${texts.messages}</h3>
    ${messages.length === 0 ? html`<p class="quiet">${texts.noMessages}</p>` : nothing}
    <ul class="rows">
      ${messages.map((message) => messageView(message, texts))}
    </ul>
  `;
}

function codeView(code: Schemas['CodeRecord'], texts: ConsoleTexts): TemplateResult {
  const { purpose, channel, status, issuedAt, expiresAt, attempts, failures, waitsUntil } = code;
  const isBad = status === 'exhausted' || failures.used >= failures.limit;
  return html`<li>
    <div>
      <strong>${named(texts, 'status', status)}</strong>
      <span class="badge ${isBad ? 'bad' : ''}">${purpose} · ${named(texts, 'channel', channel)}</span>
      <p class="quiet">${fill(texts.codeTimes, { from: timeText(issuedAt), until: timeText(expiresAt) })}</p>
      <p class="quiet">
        ${used(texts.attempts, attempts)} ·
        ${used(texts.failures, failures)}${
          waitsUntil ? html` · ${fill(texts.nextCode, { time: timeText(waitsUntil) })}` : nothing
        }
      </p>
    </div>
  </li>`;
}

const used = (text: string, { used, limit }: Schemas['Budget']) => fill(text, { used, limit });

function messageView(message: Schemas['MessageRecord'], texts: ConsoleTexts): TemplateResult {
  const { state, channel, purpose, reason, verdict, requestedAt, events } = message;
  const isBad = state === 'failed' || state === 'expired';
  return html`<li>
    <div>
      <strong>${named(texts, 'message', state)}</strong>
      <span class="badge ${isBad ? 'bad' : ''}">${purpose} · ${named(texts, 'channel', channel)}</span>
      <p class="quiet">
        ${fill(texts.requested, { time: timeText(requestedAt) })}${
          reason ? html` · ${fill(texts.reason, { reason })}` : nothing
        }${verdictText(verdict, texts)}
      </p>
      <ol class="steps">
        ${events.map(
          ({ at, event, provider, reason: why }) =>
            html`<li>
              ${time(at)} –
              ${named(texts, 'message', event)}${provider ? html` (<bdi>${provider}</bdi>)` : nothing}${
                why ? html`: <bdi>${why}</bdi>` : nothing
              }
            </li>`,
        )}
      </ol>
    </div>
  </li>`;
}

function verdictText(verdict: string | null, texts: ConsoleTexts): string {
  if (verdict === 'proof_of_work') return ` · ${texts.afterProof}`;
  const [, scope] = /^observed:(.+)$/.exec(verdict ?? '') ?? [];
  return scope ? ` · ${fill(texts.observed, { limit: named(texts, 'scope', scope) })}` : '';
}
