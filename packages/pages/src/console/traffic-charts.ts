import type { components } from '@otp-auth/client';
import { html, type TemplateResult } from 'lit';
import { fill } from '../shared/texts.js';
import { timeText } from '../signed-in/times.js';
import { chart, countryName, legend, number, percent, type Column } from './chart.js';
import { named, type ConsoleTexts } from './texts.js';

type Schemas = components['schemas'];

/** What was sent, entered and spent today, by country, prefix, network, provider and application. */
export function trafficCharts(report: Schemas['FraudReport'], texts: ConsoleTexts): TemplateResult {
  const { countries, prefixes, networks, providers, providersSince, applications, refusals } = report;
  const scope = scopeColumns(texts);
  const spent = spentColumn(texts);
  const linked = (name: string, kind: string) => firstColumn(name, (value) => blockLink(kind, value, texts));
  const country = firstColumn(texts.country, (value) => countryName(value, texts));
  const application = firstColumn(texts.application, (value) => value);
  return html`
    ${chart(texts.countries, countries, [country, ...scope, spent], { texts })}
    ${chart(texts.prefixes, prefixes, [linked(texts.prefix, 'prefix'), ...scope, spent], { texts })}
    ${chart(texts.providers, providers, [...providerColumns(texts), spent], {
      texts,
      note: fill(texts.providersText, { time: timeText(providersSince) }),
    })}
    ${chart(texts.networks, networks, [linked(texts.network, 'network'), ...scope], { texts })}
    ${chart(
      texts.tab_applications,
      applications,
      [
        application,
        { name: texts.messages, value: ({ sent }) => number(sent), bar: ({ sent }) => [0, sent] },
        spent,
      ],
      { texts },
    )}
    ${chart(texts.refusals, refusals, refusalColumns(texts), { texts })}
  `;
}

function firstColumn(name: string, show: (value: string) => unknown): Column<{ value: string }> {
  return { name, value: ({ value }) => show(value) };
}

/** Opens the form for a block of this value. */
function blockLink(kind: string, value: string, texts: ConsoleTexts): TemplateResult {
  return html`<bdi>${value}</bdi>
    <a href="#rules/${kind}/${encodeURIComponent(value)}" aria-label=${fill(texts.blockOf, { value })}
      >${texts.block}</a
    >`;
}

/** How many of the addresses or codes led to a right code. */
function conversionColumn<Row>(
  texts: ConsoleTexts,
  counts: (row: Row) => { verified: number; of: number },
): Column<Row> {
  const share = (row: Row) => {
    const { verified, of } = counts(row);
    return of > 0 ? verified / of : null;
  };
  return {
    name: texts.conversion,
    value: (row) => {
      const part = share(row);
      return part === null ? '–' : percent(part);
    },
    bar: (row) => {
      const part = share(row);
      return part === null ? [0, 0] : [part, 1 - part];
    },
  };
}

function scopeColumns(texts: ConsoleTexts): Column<Schemas['ScopeUsage']>[] {
  return [
    { name: texts.hour, value: ({ hour }) => number(hour.sent) },
    {
      name: texts.day,
      value: ({ day }) => number(day.sent),
      bar: ({ day }) => [day.verified, day.outstanding],
    },
    { name: legend(texts.verified), value: ({ day }) => number(day.verified) },
    conversionColumn(texts, ({ day }) => ({ verified: day.verified, of: day.sent })),
  ];
}

function spentColumn(texts: ConsoleTexts): Column<{ spent: number }> {
  return { name: texts.spent, value: ({ spent }) => number(spent), bar: ({ spent }) => [0, spent] };
}

function providerColumns(texts: ConsoleTexts): Column<Schemas['ProviderUsage']>[] {
  return [
    { name: texts.provider, value: ({ provider }) => provider },
    { name: texts.channel, value: ({ channel }) => named(texts, 'channel', channel) },
    {
      name: texts.messages,
      value: ({ sent }) => number(sent),
      bar: ({ sent, delivered }) => [delivered, sent - delivered],
    },
    { name: legend(texts.arrived), value: ({ delivered }) => number(delivered) },
    conversionColumn(texts, ({ verified, codes }) => ({ verified, of: codes })),
  ];
}

function refusalColumns(texts: ConsoleTexts): Column<Schemas['RefusalCount']>[] {
  return [
    { name: texts.verdict, value: ({ verdict }) => named(texts, 'verdict', verdict) },
    { name: texts.limit, value: ({ scope }) => named(texts, 'scope', scope) },
    { name: texts.country, value: ({ country }) => countryName(country, texts) },
    { name: texts.hour, value: ({ hour }) => number(hour) },
    { name: texts.day, value: ({ day }) => number(day), bar: ({ day }) => [0, day] },
  ];
}
