import type { create } from 'handlebars';
import type { Locale } from '../../common/locale.js';
import { templateOf, type Catalogue } from './text-files.js';

type Render = (context: object) => string;

/** Renders the sentences of the catalogues. Each is compiled on first use. */
export class SentenceRenderer {
  private readonly compiled = new Map<string, Render>();

  constructor(
    private readonly catalogues: Map<Locale, Catalogue>,
    private readonly handlebars: ReturnType<typeof create>,
  ) {}

  /** The section of the purpose, for example `code.login`, if the language has one. */
  sectionFor(locale: Locale, template: string, purpose?: string): string {
    const section = `${template}.${purpose}`;
    return Object.hasOwn(this.catalogues.get(locale) ?? {}, section) ? section : template;
  }

  /**
   * Renders a sentence of the section, of its template or of `common`. For HTML, the sentence and
   * its fields are escaped.
   */
  render(locale: Locale, section: string, name: string, html: boolean, context: object): string {
    const key = [locale, section, name, html].join(' ');
    let render = this.compiled.get(key);
    if (!render) {
      const source = this.find(locale, section, name);
      render = this.handlebars.compile(html ? escapeText(source) : source, {
        noEscape: !html,
        strict: true,
      });
      this.compiled.set(key, render);
    }
    return render(context);
  }

  private find(locale: Locale, section: string, name: string): string {
    const catalogue = this.catalogues.get(locale);
    const sentences = [section, templateOf(section), 'common']
      .map((candidate) => catalogue?.[candidate])
      .find((candidate) => candidate && Object.hasOwn(candidate, name));
    if (!sentences) throw new Error(`no sentence ${section}.${name}`);
    return sentences[name] ?? '';
  }
}

/** Handlebars tags contain none of these characters, so they stay intact. */
function escapeText(sentence: string): string {
  return sentence.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
