import type { create } from 'handlebars';
import type { Locale } from '../../common/locale.js';
import type { Catalogue } from './catalogue.js';

type Render = (context: object) => string;

/** The sentences of all languages, each compiled when it is first said. */
export class Sentences {
  private readonly compiled = new Map<string, Render>();

  constructor(
    private readonly catalogues: Map<Locale, Catalogue>,
    private readonly handlebars: ReturnType<typeof create>,
  ) {}

  /** A sentence of the template, or of all; for HTML with everything escaped, its own text as well. */
  say(locale: Locale, template: string, name: string, html: boolean, context: object): string {
    const key = [locale, template, name, html].join(' ');
    let render = this.compiled.get(key);
    if (!render) {
      const source = this.find(locale, template, name);
      render = this.handlebars.compile(html ? escapedText(source) : source, {
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
      (some) => some && Object.hasOwn(some, name),
    );
    if (!section) throw new Error(`no sentence ${template}.${name}`);
    return section[name] ?? '';
  }
}

/** Its tags have none of these characters. */
function escapedText(sentence: string): string {
  return sentence.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
