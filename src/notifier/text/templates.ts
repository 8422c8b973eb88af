import { Injectable } from '@nestjs/common';
import Handlebars from 'handlebars';
import { LRUCache } from 'lru-cache';
import type { Locale } from '../../common/locale.js';
import { Config } from '../../config/config.js';
import type { Channel } from '../../common/delivery.js';
import type { MessageContent } from './message-content.js';
import { formatAmount, formatLifetime, formatTime } from './formatting.js';
import { SentenceRenderer } from './sentence-renderer.js';
import { examplesOf, MESSAGES } from './template-examples.js';
import { readTextFiles, templateOf, textFileError } from './text-files.js';

type Part = 'sms' | 'subject' | 'text' | 'html';

export interface MailText {
  subject: string;
  text: string;
  html: string;
}

/** What the helper `say` needs to know about the part that calls it. */
interface RenderingData {
  /** The section of the catalogue: the template, or `code.<purpose>`. */
  section: string;
  locale: Locale;
  html: boolean;
}

const PARTS: Record<Channel, Part[]> = {
  email: ['subject', 'text', 'html'],
  sms: ['sms'],
  whatsapp: ['sms'],
  voice: ['sms'],
};

/** Stand for the code and the link in cached texts. Private-use characters, which no text contains. */
const CODE_PLACEHOLDER = '\ue000';
const LINK_PLACEHOLDER = '\ue001';
const MAX_CACHED = 1_000;

const RIGHT_TO_LEFT: Locale[] = ['ar'];

/**
 * Renders the texts of messages. At start it reads `templates/<template>.<part>.hbs`, the partials
 * `_<name>.<part>.hbs` and the sentences in `locales/<locale>.json`. A field that a template uses
 * and a message lacks is an error, so no sentence has a gap.
 */
@Injectable()
export class Templates {
  private readonly handlebars = Handlebars.create();
  private readonly parts = new Map<string, Handlebars.TemplateDelegate>();
  private readonly cache = new LRUCache<string, string>({ max: MAX_CACHED });
  private readonly sentences: SentenceRenderer;
  private readonly host: string;
  /** Every message to preview: each template, and `code.<purpose>` for a purpose with sentences. */
  readonly messages: string[];

  constructor(private readonly config: Config) {
    this.host = new URL(config.publicUrl).hostname;
    const { templates, catalogues } = readTextFiles(config.TEMPLATES_DIR, (purpose) =>
      config.allowsCustomPurpose(purpose),
    );
    this.sentences = new SentenceRenderer(catalogues, this.handlebars);
    const sections = [...catalogues.values()].flatMap((catalogue) => Object.keys(catalogue));
    const purposeSections = sections.filter((section) => templateOf(section) !== section);
    this.messages = [...new Set([...MESSAGES, ...purposeSections])];
    this.handlebars.registerHelper('say', (...args: unknown[]) => {
      const { data } = args.pop() as { data: RenderingData & { root: object } };
      const name = args.filter((part) => typeof part === 'string').join('_');
      const sentence = this.sentences.render(data.locale, data.section, name, data.html, data.root);
      return new Handlebars.SafeString(sentence);
    });
    for (const [file, source] of templates) this.add(file, source);
    if (config.TEMPLATES_DIR !== undefined) this.renderExamples([...catalogues.keys()]);
  }

  /** Whether the template has a text for the channel. */
  has(template: string, channel: Channel): boolean {
    return PARTS[channel].every((part) => this.parts.has(`${template}.${part}`));
  }

  /** Replaces `•`, which is not in GSM-7 and would more than halve the room in an SMS. */
  sms(template: string, content: MessageContent, secondsLeft: number): string {
    const to = content.to?.replaceAll('•', '*');
    return this.render(template, 'sms', { ...content, to }, secondsLeft);
  }

  mail(template: string, content: MessageContent, secondsLeft: number): MailText {
    return {
      subject: this.render(template, 'subject', content, secondsLeft),
      text: this.render(template, 'text', content, secondsLeft),
      html: this.render(template, 'html', content, secondsLeft),
    };
  }

  private add(file: string, source: string): void {
    const [name = '', part] = file.split('.');
    const compiled = this.handlebars.compile(this.parse(file, source), {
      // Only HTML is escaped. In plain text, an entity would be visible.
      noEscape: part !== 'html',
      strict: true,
    });
    if (name.startsWith('_')) this.handlebars.registerPartial(name.slice(1), compiled);
    else this.parts.set(`${name}.${part}`, compiled);
  }

  /** A syntax error must stop the start, not the first message. */
  private parse(file: string, source: string): unknown {
    try {
      return this.handlebars.parse(source);
    } catch (error) {
      throw textFileError(`${file}:`, error);
    }
  }

  /** A fault in an operator's text must stop the start, not the first message. */
  private renderExamples(locales: Locale[]): void {
    for (const key of this.parts.keys()) {
      const [template = '', part] = key.split('.') as [string, Part];
      const examples = this.messages
        .filter((message) => templateOf(message) === template)
        .flatMap(examplesOf);
      try {
        for (const locale of locales)
          for (const example of examples) this.render(template, part, { ...example, locale }, 300);
      } catch (error) {
        throw textFileError(`${key}.hbs:`, error);
      }
    }
  }

  /**
   * Most messages of a purpose differ only in their code and link, so their text is rendered once for
   * all codes and cached. The key has the section instead of the purpose, because clients may be free to
   * make up purposes.
   */
  private render(template: string, part: Part, content: MessageContent, secondsLeft: number): string {
    const { locale = this.config.DEFAULT_LOCALE, purpose, ...fields } = content;
    const { code, link, brand, host, ...others } = fields;
    const section = this.sentences.sectionFor(locale, template, purpose);
    const lifetime = formatLifetime(locale, secondsLeft);
    const data: RenderingData = { section, locale, html: part === 'html' };
    if (!code || Object.values(others).some((value) => value !== undefined))
      return this.renderUncached(`${template}.${part}`, data, { ...fields, lifetime });

    const key = `${section}.${part} ${locale} ${lifetime}${link === undefined ? '' : ' with link'} ${host ?? ''} ${brand ?? ''}`;
    let text = this.cache.get(key);
    if (text === undefined) {
      const placeholders = { code: CODE_PLACEHOLDER, ...(link !== undefined && { link: LINK_PLACEHOLDER }) };
      text = this.renderUncached(`${template}.${part}`, data, { ...placeholders, brand, host, lifetime });
      this.cache.set(key, text);
    }
    const shownLink = part === 'html' ? this.handlebars.escapeExpression(link ?? '') : (link ?? '');
    // As a function, because a URL may contain `$&`.
    return text.replaceAll(CODE_PLACEHOLDER, code).replaceAll(LINK_PLACEHOLDER, () => shownLink);
  }

  private renderUncached(
    name: string,
    data: RenderingData,
    content: MessageContent & { lifetime: string },
  ): string {
    const render = this.parts.get(name);
    if (!render) throw new Error(`no template ${name}`);
    const { locale } = data;
    return render({ ...this.sharedFields(locale), ...messageFields(content, locale) }, { data });
  }

  /** Fields that are the same in every message of a language. */
  private sharedFields(locale: Locale): object {
    const { BRAND_NAME = '', BRAND_COLOR = '', SUPPORT_EMAIL = '', ANDROID_APP_HASH = '' } = this.config;
    return {
      locale,
      dir: isRightToLeft(locale) ? 'rtl' : 'ltr',
      host: this.host,
      brand: isolate(BRAND_NAME, locale),
      color: BRAND_COLOR,
      support: isolate(SUPPORT_EMAIL, locale),
      appHash: ANDROID_APP_HASH,
    };
  }
}

function isRightToLeft(locale: Locale): boolean {
  return RIGHT_TO_LEFT.includes(locale);
}

/**
 * Fields of the message. Text in other scripts is isolated, so that it does not reorder the
 * sentence.
 */
function messageFields(content: MessageContent, locale: Locale): object {
  const { context = {}, at, undoHours, device = '', to, phone, ip, roles, brand, host, ...rest } = content;
  const foreign = Object.entries({ device, to, phone, ip, roles, brand }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    ...rest,
    ...Object.fromEntries(foreign.map(([name, value = '']) => [name, isolate(value, locale)])),
    // A page is named for the browser, so the line for an app has to go.
    ...(host !== undefined && { host, appHash: '' }),
    ...(at !== undefined && { when: formatTime(locale, at) }),
    ...(undoHours !== undefined && { undoWithin: formatAmount(locale, undoHours, 'hour') }),
    locale,
    details: Object.entries(context).map(([name, value]) => ({
      name: isolate(name, locale),
      value: isolate(value, locale),
    })),
  };
}

/**
 * Wraps the text in Unicode's first strong isolate, which keeps numbers, addresses and names in
 * order.
 */
function isolate(text: string, locale: Locale): string {
  return isRightToLeft(locale) && text ? `\u2068${text}\u2069` : text;
}
