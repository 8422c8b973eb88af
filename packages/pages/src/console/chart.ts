import { html, nothing, svg, type TemplateResult } from 'lit';
import { locale } from '../shared/texts.js';
import type { ConsoleTexts } from './texts.js';

export interface Column<Row> {
  name: unknown;
  value: (row: Row) => unknown;
  /** Draws a bar below the value: the good part and the other part. Each column has its own scale. */
  bar?: (row: Row) => [good: number, other: number];
}

/**
 * A table with bars. The bars repeat what the numbers say, so screen readers skip them. On a narrow
 * screen each row is a block, which would take the table's roles away if they were not explicit.
 */
export function chart<Row>(
  title: string,
  rows: Row[],
  columns: Column<Row>[],
  { texts, note }: { texts: ConsoleTexts; note?: string },
): TemplateResult {
  if (rows.length === 0)
    return html`<h2>${title}</h2>
      <p class="quiet">${texts.nothingToday}</p>`;
  const longest = columns.map(({ bar }) => (bar ? Math.max(...rows.map((row) => sum(bar(row)))) : 0));
  return html`
    <h2>${title}</h2>
    ${note ? html`<p class="quiet">${note}</p>` : nothing}
    <div class="scroll" role="region" aria-label=${title} tabindex="0">
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">
            ${columns.map(({ name }) => html`<th scope="col" role="columnheader">${name}</th>`)}
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${rows.map(
            (row) =>
              html`<tr role="row">
                ${columns.map(({ name, value, bar }, index) =>
                  index === 0
                    ? html`<th scope="row" role="rowheader">${value(row)}</th>`
                    : html`<td role="cell">
                        <span class="column-name" aria-hidden="true">${name}</span>
                        ${value(row)} ${bar ? drawBar(bar(row), longest[index]) : nothing}
                      </td>`,
                )}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  `;
}

function drawBar([good, other]: [number, number], longest = 0): TemplateResult {
  const share = (part: number) => (longest > 0 ? (part / longest) * 100 : 0);
  return html`<svg class="bar-chart" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    ${svg`<rect class="good" width=${share(good)} height="10"></rect>
      <rect class="other" x=${share(good)} width=${share(other)} height="10"></rect>`}
  </svg>`;
}

/** Says what the good part of the bars is. */
export function legend(name: string): TemplateResult {
  return html`<svg class="swatch bar-chart" viewBox="0 0 10 10" aria-hidden="true">
      <rect class="good" width="10" height="10"></rect>
    </svg>
    ${name}`;
}

const sum = ([good, other]: [number, number]) => good + other;

export function number(value: number): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }).format(value);
}

export function percent(share: number): string {
  return new Intl.NumberFormat(locale, { style: 'percent' }).format(share);
}

/** `none` is e-mail. */
export function countryName(code: string, texts: ConsoleTexts): string {
  if (code === 'none') return texts.channel_email;
  if (!/^[A-Z]{2}$/.test(code)) return texts.unknown;
  return new Intl.DisplayNames(locale, { type: 'region' }).of(code) ?? code;
}
