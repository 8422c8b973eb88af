import { html, nothing, svg, type TemplateResult } from 'lit';
import { locale } from '../shared/texts.js';
import type { ConsoleTexts } from './texts.js';

export interface Column<Row> {
  name: unknown;
  value: (row: Row) => unknown;
  /** Draws a bar beside the value: the good part and the other part. */
  bar?: (row: Row) => [good: number, other: number];
}

/** A table with bars. The bars repeat what the numbers say, so screen readers skip them. */
export function chart<Row>(
  title: string,
  rows: Row[],
  columns: Column<Row>[],
  texts: ConsoleTexts,
): TemplateResult {
  if (rows.length === 0)
    return html`<h2>${title}</h2>
      <p class="quiet">${texts.nothingToday}</p>`;
  const sums = columns.flatMap(({ bar }) => (bar ? rows.map((row) => sum(bar(row))) : []));
  const longest = Math.max(1, ...sums);
  return html`
    <h2>${title}</h2>
    <div class="scroll" role="region" aria-label=${title} tabindex="0">
      <table>
        <thead>
          <tr>
            ${columns.map(({ name }) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                ${columns.map(({ value, bar }, index) =>
                  index === 0
                    ? html`<th scope="row">${value(row)}</th>`
                    : html`<td>${value(row)} ${bar ? drawBar(bar(row), longest) : nothing}</td>`,
                )}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  `;
}

function drawBar([good, other]: [number, number], longest: number): TemplateResult {
  const share = (part: number) => (part / longest) * 100;
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
