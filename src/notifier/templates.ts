import { readFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';
import Handlebars from 'handlebars';
import { Config } from '../config/config.js';
import type { MessageContent } from './notifier.js';

type Part = 'sms' | 'subject' | 'text' | 'html';

/** The texts of messages: `templates/<template>.<part>.hbs`, compiled at start. */
@Injectable()
export class Templates {
  private readonly parts = new Map<string, Handlebars.TemplateDelegate>();
  private readonly host: string;

  constructor(config: Config) {
    this.host = new URL(config.publicUrl).hostname;
    for (const part of ['sms', 'subject', 'text', 'html'] as const) this.compile('code', part);
  }

  sms(template: string, content: MessageContent, secondsLeft: number): string {
    return this.render(template, 'sms', content, secondsLeft);
  }

  mail(
    template: string,
    content: MessageContent,
    secondsLeft: number,
  ): { subject: string; text: string; html: string } {
    return {
      subject: this.render(template, 'subject', content, secondsLeft),
      text: this.render(template, 'text', content, secondsLeft),
      html: this.render(template, 'html', content, secondsLeft),
    };
  }

  private compile(template: string, part: Part): void {
    const source = readFileSync(new URL(`./templates/${template}.${part}.hbs`, import.meta.url), 'utf8');
    // Only HTML is escaped; the other parts are plain text, where an entity would show.
    const compiled = Handlebars.compile(source.trimEnd(), { noEscape: part !== 'html', strict: true });
    this.parts.set(`${template}.${part}`, compiled);
  }

  private render(
    template: string,
    part: Part,
    { code, context }: MessageContent,
    secondsLeft: number,
  ): string {
    const render = this.parts.get(`${template}.${part}`);
    if (!render) throw new Error(`no template ${template}.${part}`);
    const details = Object.entries(context ?? {}).map(([name, value]) => ({ name, value }));
    return render({ code, details, lifetime: lifetime(secondsLeft), host: this.host });
  }
}

/** What is really left of the code, rounded down so that the message never promises too much. */
function lifetime(seconds: number): string {
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 1) return seconds < 2 ? '1 second' : `${Math.floor(seconds)} seconds`;
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}
