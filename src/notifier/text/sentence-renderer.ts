import type { create } from 'handlebars';
import type { Locale } from '../../common/locale.js';
import type { Catalogue } from './text-files.js';

type Render = (context: object) => string;

/** Renders the sentences of the catalogues. Each is compiled on first use. */
export class SentenceRenderer {
  private readonly compiled = new Map<string, Render>();

  constructor(
    private readonly catalogues: Map<Locale, Catalogue>,
    private readonly handlebars: ReturnType<typeof create>,
  ) {}

  /**
   * Renders a sentence of the template or of `common`. For HTML, the sentence and its fields are
   * escaped.
   */
  render(locale: Locale, template: string, name: string, html: boolean, context: object): string {
    const key = [locale, template, name, html].join(' ');
    let render = this.compiled.get(key);
    if (!render) {
      const source = this.find(locale, template, name);
      render = this.handlebars.compile(html ? escapeText(source) : source, {
        noEscape: !html,
        strict: true,
      });
      this.compiled.set(key, render);
    }
    return render(context);
  }

  private find(locale: Locale, template: string, name: string): string {
    const catalogue = this.catalogues.get(locale);
    const section = [catalogue?.[template], catalogue?.common].find(
      (candidate) => candidate && Object.hasOwn(candidate, name),
    );
    if (!section) throw new Error(`no sentence ${template}.${name}`);
    return section[name] ?? '';
  }
}

/** Handlebars tags contain none of these characters, so they stay intact. */
function escapeText(sentence: string): string {
  return sentence.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
