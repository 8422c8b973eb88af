import type { components } from '@otp-auth/client';

type Schemas = components['schemas'];
export type Application = Schemas['Application'];

/** The channels in the order of the form. */
export const CHANNELS = ['email', 'sms', 'whatsapp', 'voice'] as const;

/** All fields of an application that an administrator may change. */
export type ApplicationFields = Pick<
  Application,
  'name' | 'purposes' | 'channels' | 'countries' | 'audience' | 'brandName' | 'limits'
> &
  Partial<Pick<Application, 'origins' | 'smsHost'>>;

/** Reads the form. An empty field means "all", "that of this server" or "no limit". */
export function fieldsOf(form: HTMLFormElement): ApplicationFields {
  const data = new FormData(form);
  const text = (name: string) => ((data.get(name) as string | null) ?? '').trim();
  const list = (name: string) =>
    text(name)
      .split(/[\s,;]+/)
      .filter(Boolean);
  const limit = (name: string) => (text(name) === '' ? null : Number(text(name)));
  const channels = CHANNELS.filter((channel) => data.getAll('channels').includes(channel));
  return {
    name: text('name'),
    ...(data.has('origins') && { origins: list('origins'), smsHost: text('smsHost') || null }),
    purposes: orAll(list('purposes')),
    channels: orAll(channels),
    countries: orAll(list('countries').map((country) => country.toUpperCase())),
    audience: text('audience') || null,
    brandName: text('brandName') || null,
    limits: {
      messagesPerMinute: Number(text('messagesPerMinute')),
      messagesPerDay: limit('messagesPerDay'),
      spendPerDay: limit('spendPerDay'),
    },
  };
}

/**
 * The fields that differ from the application. Only these are sent, so that two administrators who
 * change different fields do not undo each other's work. Null if nothing differs.
 */
export function changesOf(
  application: Application,
  { limits, ...fields }: ApplicationFields,
): Schemas['ChangedApplication'] | null {
  const changedLimits = changed(limits, application.limits);
  const changes = { ...changed(fields, application), ...(changedLimits && { limits: changedLimits }) };
  return Object.keys(changes).length > 0 ? changes : null;
}

function changed<Values extends object>(values: Values, known: Partial<Values>): Partial<Values> | null {
  const entries = Object.entries(values).filter(
    ([name, value]) => textOf(value) !== textOf(known[name as keyof Values]),
  );
  return entries.length > 0 ? (Object.fromEntries(entries) as Partial<Values>) : null;
}

/** Lists are sets: their order means nothing. */
function textOf(value: unknown): string {
  return JSON.stringify(Array.isArray(value) ? [...(value as unknown[])].sort() : value);
}

function orAll<Item>(list: Item[]): Item[] | null {
  return list.length > 0 ? list : null;
}
