import { Injectable } from '@nestjs/common';
import Handlebars from 'handlebars';
import { LRUCache } from 'lru-cache';
import type { Locale } from '../../common/locale.js';
import { Config } from '../../config/config.js';
import type { Channel } from '../../common/delivery.js';
import type { MessageContent } from './message-content.js';
import { Sentences } from './sentences.js';
import { EXAMPLES } from './template-examples.js';
import { readTextFiles, refused } from './catalogue.js';
import { formatAmount, formatLifetime, formatTime } from './formatting.js';

type Part = 'sms' | 'subject' | 'text' | 'html';

export interface MailText {
  subject: string;
  text: string;
  html: string;
}

/** What the helper `say` must know of the part that it stands in. */
interface Rendering {
  template: string;
  locale: Locale;
  html: boolean;
}

const PARTS: Record<Channel, Part[]> = {
  email: ['subject', 'text', 'html'],
  sms: ['sms'],
  whatsapp: ['sms'],
  voice: ['sms'],
};

/** Where the code goes, in texts that are kept. Of no script, so no text has it. */
const CODE = '\ue000';
const MAX_KEPT = 1_000;

const RIGHT_TO_LEFT: Locale[] = ['ar'];

/**
 * The texts of messages, read at start: `templates/<template>.<part>.hbs`, whose sentences are in `locales/<locale>.json`,
 * and `_<name>.<part>.hbs`, which several share. A field that a text names and a message lacks is an error, never a gap in
 * a sentence.
 */
@Injectable()
export class Templates {
  private readonly handlebars = Handlebars.create();
  private readonly parts = new Map<string, Handlebars.TemplateDelegate>();
  private readonly kept = new LRUCache<string, string>({ max: MAX_KEPT });
  private readonly host: string;

  constructor(private readonly config: Config) {
    this.host = new URL(config.publicUrl).hostname;
    const { templates, catalogues } = readTextFiles(config.TEMPLATES_DIR);
    const sentences = new Sentences(catalogues, this.handlebars);
    this.handlebars.registerHelper('say', (...given: unknown[]) => {
      const { data } = given.pop() as { data: Rendering & { root: object } };
      const name = given.filter((part) => typeof part === 'string').join('_');
      const said = sentences.say(data.locale, data.template, name, data.html, data.root);
      return new Handlebars.SafeString(said);
    });
    for (const [file, source] of templates) this.add(file, source);
    if (config.TEMPLATES_DIR !== undefined) this.tryAll([...catalogues.keys()]);
  }

  /** Whether there is a text of it for the channel. */
  has(template: string, channel: Channel): boolean {
    return PARTS[channel].every((part) => this.parts.has(`${template}.${part}`));
  }

  /** A `•` would more than halve what an SMS holds. */
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
    const compiled = this.handlebars.compile(this.parsed(file, source), {
      // Only HTML is escaped; the other parts are plain text, where an entity would show.
      noEscape: part !== 'html',
      strict: true,
    });
    if (name.startsWith('_')) this.handlebars.registerPartial(name.slice(1), compiled);
    else this.parts.set(`${name}.${part}`, compiled);
  }

  /** A fault in a template stops the start and not a message. */
  private parsed(file: string, source: string): unknown {
    try {
      return this.handlebars.parse(source);
    } catch (error) {
      throw refused(`${file}:`, error);
    }
  }

  /** So that a fault in an operator's text stops the start and not a message. */
  private tryAll(locales: Locale[]): void {
    for (const key of this.parts.keys()) {
      const [template = '', part] = key.split('.') as [string, Part];
      try {
        for (const locale of locales) this.render(template, part, { ...EXAMPLES[template], locale }, 300);
      } catch (error) {
        throw refused(`${key}.hbs:`, error);
      }
    }
  }

  /** Most messages differ from one another in their code only, and are written once for all codes. */
  private render(template: string, part: Part, content: MessageContent, secondsLeft: number): string {
    const locale = content.locale ?? this.config.DEFAULT_LOCALE;
    const life = formatLifetime(locale, secondsLeft);
    const { code, ...others } = content;
    if (!code || Object.entries(others).some(([name, value]) => name !== 'locale' && value !== undefined))
      return this.write(template, part, locale, { ...content, lifetime: life });

    const key = `${template}.${part} ${locale} ${life}`;
    let text = this.kept.get(key);
    if (text === undefined) {
      text = this.write(template, part, locale, { code: CODE, lifetime: life });
      this.kept.set(key, text);
    }
    return text.replaceAll(CODE, code);
  }

  private write(
    template: string,
    part: Part,
    locale: Locale,
    content: MessageContent & { lifetime: string },
  ) {
    const render = this.parts.get(`${template}.${part}`);
    if (!render) throw new Error(`no template ${template}.${part}`);
    const data: Rendering = { template, locale, html: part === 'html' };
    return render({ ...this.frame(locale), ...shown(content, locale) }, { data });
  }

  /** What is the same in every message of a language. */
  private frame(locale: Locale): object {
    const { BRAND_NAME = '', BRAND_COLOR = '', SUPPORT_EMAIL = '', ANDROID_APP_HASH = '' } = this.config;
    return {
      locale,
      dir: isRightToLeft(locale) ? 'rtl' : 'ltr',
      host: this.host,
      brand: isolated(BRAND_NAME, locale),
      color: BRAND_COLOR,
      support: isolated(SUPPORT_EMAIL, locale),
      appHash: ANDROID_APP_HASH,
    };
  }
}

function isRightToLeft(locale: Locale): boolean {
  return RIGHT_TO_LEFT.includes(locale);
}

/** The message's own, with what is not of its language kept from reordering the sentence around it. */
function shown(content: MessageContent, locale: Locale): object {
  const { context = {}, at, undoHours, device = '', to, phone, ip, ...rest } = content;
  const foreign = Object.entries({ device, to, phone, ip }).filter(([, value]) => value !== undefined);
  return {
    ...rest,
    ...Object.fromEntries(foreign.map(([name, value = '']) => [name, isolated(value, locale)])),
    ...(at !== undefined && { when: formatTime(locale, at) }),
    ...(undoHours !== undefined && { undoWithin: formatAmount(locale, undoHours, 'hour') }),
    locale,
    details: Object.entries(context).map(([name, value]) => ({
      name: isolated(name, locale),
      value: isolated(value, locale),
    })),
  };
}

/** First strong isolate and its end: numbers, addresses and names of another script stay as they are written. */
function isolated(text: string, locale: Locale): string {
  return isRightToLeft(locale) && text ? `\u2068${text}\u2069` : text;
}
