import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LOCALES, type Locale } from '../../common/locale.js';

/**
 * The sentences of one language, by section and name. A section is a template, `common` for shared
 * sentences, or `code.<purpose>` for the sentences of `code` that one purpose replaces.
 */
export type Catalogue = Record<string, Record<string, string>>;

export interface TextFiles {
  /** By file name. */
  templates: Map<string, string>;
  catalogues: Map<Locale, Catalogue>;
}

/** Purposes of this server whose messages use the template `code`. */
const BUILT_IN_PURPOSES = ['verification', 'email_verification', 'login', 'transaction', 'contact_change'];

const PURPOSE_SECTION = /^code\.([a-z][a-z0-9_]{0,31})$/;

/** Fields that every sentence may add or leave out. */
const FREE_FIELDS = ['brand', 'lifetime'];

const TEMPLATES = fileURLToPath(new URL('./templates/', import.meta.url));
const CATALOGUES = fileURLToPath(new URL('./locales/', import.meta.url));

/** The template of a section: `code` for `code.login`. */
export function templateOf(section: string): string {
  return PURPOSE_SECTION.test(section) ? 'code' : section;
}

/**
 * Reads templates and catalogues. Files in the operator's folder replace ours of the same name.
 * Throws an error that names the first invalid file. Catalogues may have sentences for the built-in
 * purposes and for those that `isCustomPurpose` accepts.
 */
export function readTextFiles(
  folder?: string,
  isCustomPurpose: (purpose: string) => boolean = () => false,
): TextFiles {
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
    const [fault] = catalogueFaults(catalogue, english, isCustomPurpose);
    if (fault) throw textFileError(file, fault);
    catalogues.set(locale, catalogue);
  }
  return { templates, catalogues };
}

/** The only Handlebars tags that a sentence may contain. */
const TAG = /\{\{(?:#if (?<condition>\w+)|\/if|else|(?<field>\w+))\}\}/g;

/**
 * Compares a catalogue with a complete one: missing and unknown sentences, syntax, and fields. The
 * sentences of a purpose may be missing, because those of `code` apply instead.
 */
export function catalogueFaults(
  catalogue: Catalogue,
  complete: Catalogue,
  isCustomPurpose: (purpose: string) => boolean = () => false,
): string[] {
  const isKnown = (purpose: string) => BUILT_IN_PURPOSES.includes(purpose) || isCustomPurpose(purpose);
  return [
    ...sentencesOf(complete)
      .filter(({ section }) => !PURPOSE_SECTION.test(section))
      .filter(({ section, name }) => sentenceIn(catalogue, section, name) === undefined)
      .map(({ section, name }) => `lacks ${section}.${name}`),
    ...Object.keys(catalogue).flatMap((section) => {
      const purpose = PURPOSE_SECTION.exec(section)?.[1];
      return purpose === undefined || isKnown(purpose)
        ? []
        : `has ${section}, but no purpose ${purpose} exists`;
    }),
    ...sentencesOf(catalogue).flatMap(({ section, name, sentence }) => {
      const original = sentenceIn(complete, section, name) ?? sentenceIn(complete, templateOf(section), name);
      if (original === undefined) return `has ${section}.${name}, which no template uses`;
      return sentenceFaults(`${section}.${name}`, sentence, original);
    }),
  ];
}

function sentenceFaults(name: string, sentence: unknown, original: string): string[] {
  if (typeof sentence !== 'string' || !sentence.trim() || /[\r\n]/.test(sentence))
    return [`needs one line of text for ${name}`];
  if (/[{}]/.test(sentence.replace(TAG, '')))
    return [`may only use {{field}}, {{#if field}}, {{else}} and {{/if}} in ${name}`];
  return fieldsOf(sentence) === fieldsOf(original)
    ? []
    : [`needs exactly these fields in ${name}: ${fieldsOf(original) || 'none'}`];
}

function sentencesOf(catalogue: Catalogue): { section: string; name: string; sentence: string }[] {
  return Object.entries(catalogue).flatMap(([section, sentences]) =>
    Object.entries(sentences).map(([name, sentence]) => ({ section, name, sentence })),
  );
}

function sentenceIn(catalogue: Catalogue, section: string, name: string): string | undefined {
  const sentences = Object.hasOwn(catalogue, section) ? catalogue[section] : undefined;
  return sentences && Object.hasOwn(sentences, name) ? sentences[name] : undefined;
}

function fieldsOf(sentence: string): string {
  const fields = [...sentence.matchAll(TAG)].flatMap(
    ({ groups }) => groups?.field ?? groups?.condition ?? [],
  );
  return [...new Set(fields)]
    .filter((field) => !FREE_FIELDS.includes(field))
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
