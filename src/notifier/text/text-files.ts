import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOCALES, type Locale } from '../../common/locale.js';

/** The sentences of one language, by template (`common` for shared ones) and name. */
export type Catalogue = Record<string, Record<string, string>>;

export interface TextFiles {
  /** By file name. */
  templates: Map<string, string>;
  catalogues: Map<Locale, Catalogue>;
}

const TEMPLATES = fileURLToPath(new URL('./templates/', import.meta.url));
const CATALOGUES = fileURLToPath(new URL('./locales/', import.meta.url));

/**
 * Reads templates and catalogues. Files in the operator's folder replace ours of the same name.
 * Throws an error that names the first invalid file.
 */
export function readTextFiles(folder?: string): TextFiles {
  const templates = new Map(filesIn(TEMPLATES, '.hbs').map((file) => [file, read(TEMPLATES, file)]));
  const catalogues = new Map(LOCALES.map((locale) => [locale, parse(read(CATALOGUES, `${locale}.json`))]));
  if (folder === undefined) return { templates, catalogues };

  const english: Catalogue = { ...catalogues.get('en') };
  for (const file of filesIn(folder, '.hbs')) {
    if (!templates.has(file)) throw textFileError(file, 'has a name that no template has');
    templates.set(file, read(folder, file));
  }
  for (const file of filesIn(folder, '.json')) {
    const locale = LOCALES.find((known) => file === `${known}.json`);
    if (!locale) throw textFileError(file, `is not named after a supported language: ${LOCALES.join(', ')}`);
    const catalogue = namingFile(file, () => parse(read(folder, file)));
    const [fault] = catalogueFaults(catalogue, english);
    if (fault) throw textFileError(file, fault);
    catalogues.set(locale, catalogue);
  }
  return { templates, catalogues };
}

/** The only Handlebars tags that a sentence may contain. */
const TAG = /\{\{(?:#if (?<condition>\w+)|\/if|else|(?<field>\w+))\}\}/g;

/** Compares a catalogue with a complete one: missing and unknown sentences, syntax, and fields. */
export function catalogueFaults(catalogue: Catalogue, complete: Catalogue): string[] {
  const expected = sentencesOf(complete);
  const actual = sentencesOf(catalogue);
  return [
    ...[...expected.keys()].filter((name) => !actual.has(name)).map((name) => `lacks ${name}`),
    ...[...actual.keys()]
      .filter((name) => !expected.has(name))
      .map((name) => `has ${name}, which no template uses`),
    ...[...actual].flatMap(([name, sentence]) => {
      if (typeof sentence !== 'string' || !sentence.trim() || /[\r\n]/.test(sentence))
        return `needs one line of text for ${name}`;
      if (/[{}]/.test(sentence.replace(TAG, '')))
        return `may only use {{field}}, {{#if field}}, {{else}} and {{/if}} in ${name}`;
      const original = expected.get(name);
      return original !== undefined && fieldsOf(sentence) !== fieldsOf(original)
        ? `needs exactly these fields in ${name}: ${fieldsOf(original) || 'none'}`
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

/** Without `brand`, which every sentence may add or leave out. */
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
  return namingFile('the folder', () => readdirSync(folder).filter((file) => file.endsWith(ending)));
}

function read(folder: string, file: string): string {
  return namingFile(file, () => readFileSync(join(folder, file), 'utf8').trimEnd());
}

function namingFile<T>(file: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw textFileError(file, error);
  }
}

/** Tells the operator at start which file is invalid and why. */
export function textFileError(file: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`TEMPLATES_DIR is invalid: ${file} ${reason}`, { cause });
}
