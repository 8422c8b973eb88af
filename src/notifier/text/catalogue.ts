import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOCALES, type Locale } from '../../common/locale.js';

/** Sentences of one language by template (`common` for those of several) and name. */
export type Catalogue = Record<string, Record<string, string>>;

export interface TextFiles {
  /** By file name. */
  templates: Map<string, string>;
  catalogues: Map<Locale, Catalogue>;
}

const TEMPLATES = fileURLToPath(new URL('./templates/', import.meta.url));
const CATALOGUES = fileURLToPath(new URL('./locales/', import.meta.url));

/** What messages are made of: our files, and those of an operator's folder in their place. Throws what is wrong. */
export function readTextFiles(folder?: string): TextFiles {
  const templates = new Map(filesIn(TEMPLATES, '.hbs').map((file) => [file, read(TEMPLATES, file)]));
  const catalogues = new Map(LOCALES.map((locale) => [locale, parse(read(CATALOGUES, `${locale}.json`))]));
  if (folder === undefined) return { templates, catalogues };

  const ours: Catalogue = { ...catalogues.get('en') };
  for (const file of filesIn(folder, '.hbs')) {
    if (!templates.has(file)) throw refused(file, 'has the name of none of our templates');
    templates.set(file, read(folder, file));
  }
  for (const file of filesIn(folder, '.json')) {
    const locale = LOCALES.find((known) => file === `${known}.json`);
    if (!locale) throw refused(file, `is the catalogue of no language of ours: ${LOCALES.join(', ')}`);
    const catalogue = orRefuse(file, () => parse(read(folder, file)));
    const [fault] = catalogueFaults(catalogue, ours);
    if (fault) throw refused(file, fault);
    catalogues.set(locale, catalogue);
  }
  return { templates, catalogues };
}

/** The only things in a sentence that are not text. */
const TAG = /\{\{(?:#if (?<condition>\w+)|\/if|else|(?<field>\w+))\}\}/g;

/** What a catalogue lacks or has too much, and fields that a sentence forgets or must not know, beside another's. */
export function catalogueFaults(catalogue: Catalogue, model: Catalogue): string[] {
  const wanted = sentencesOf(model);
  const given = sentencesOf(catalogue);
  return [
    ...[...wanted.keys()].filter((name) => !given.has(name)).map((name) => `lacks ${name}`),
    ...[...given.keys()]
      .filter((name) => !wanted.has(name))
      .map((name) => `has ${name}, which nothing shows`),
    ...[...given].flatMap(([name, sentence]) => {
      if (typeof sentence !== 'string' || !sentence.trim() || /[\r\n]/.test(sentence))
        return `needs one line of text for ${name}`;
      if (/[{}]/.test(sentence.replace(TAG, '')))
        return `has more in ${name} than {{field}}, {{#if field}}, {{else}} and {{/if}}`;
      const model = wanted.get(name);
      return model !== undefined && fieldsOf(sentence) !== fieldsOf(model)
        ? `needs in ${name} exactly these fields: ${fieldsOf(model) || 'none'}`
        : [];
    }),
  ];
}

function sentencesOf(catalogue: Catalogue): Map<string, string> {
  return new Map(
    Object.entries(catalogue).flatMap(([template, sentences]) =>
      Object.entries(sentences).map(([name, sentence]) => [`${template}.${name}`, sentence] as const),
    ),
  );
}

/** Whom a message is from may be left out, or added. */
function fieldsOf(sentence: string): string {
  const fields = [...sentence.matchAll(TAG)].flatMap(
    ({ groups }) => groups?.field ?? groups?.condition ?? [],
  );
  return [...new Set(fields)]
    .filter((field) => field !== 'brand')
    .sort()
    .join(', ');
}

function parse(text: string): Catalogue {
  const value: unknown = JSON.parse(text);
  const isObject = (item: unknown) => typeof item === 'object' && item !== null && !Array.isArray(item);
  if (!isObject(value) || !Object.values(value as object).every(isObject))
    throw new Error('must be an object of objects of sentences');
  return value as Catalogue;
}

function filesIn(folder: string, ending: string): string[] {
  return orRefuse('the folder', () => readdirSync(folder).filter((file) => file.endsWith(ending)));
}

function read(folder: string, file: string): string {
  return orRefuse(file, () => readFileSync(join(folder, file), 'utf8').trimEnd());
}

function orRefuse<T>(what: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw refused(what, error);
  }
}

/** What is wrong with which file, for whoever starts the server. */
export function refused(what: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`TEMPLATES_DIR is refused: ${what} ${reason}`, { cause });
}
