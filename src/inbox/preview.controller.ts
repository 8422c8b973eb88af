import { Controller, Get, NotFoundException, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { LOCALES, supportedLocale, type Locale } from '../common/locale.js';
import { smsSize } from '../notifier/text/sms-segments.js';
import type { MessageContent } from '../notifier/text/message-content.js';
import { examplesOf } from '../notifier/text/template-examples.js';
import { Templates } from '../notifier/text/templates.js';
import { templateOf } from '../notifier/text/text-files.js';

const SAMPLE_TTL_SECONDS = 300;

/** One example of a message in all its forms. */
interface Preview {
  subject: string;
  text: string;
  html: string;
  sms?: { text: string; encoding: string; length: number; segments: number };
}

/** Every message in every language with sample content, for the page for translators and designers. */
@ApiExcludeController()
@Public()
@SkipThrottle()
@Controller('inbox/templates')
export class PreviewController {
  constructor(private readonly templates: Templates) {}

  @Get()
  list(): { messages: string[]; locales: readonly Locale[] } {
    return { messages: this.templates.messages, locales: LOCALES };
  }

  @Get(':template/:locale')
  show(@Param('template') message: string, @Param('locale') tag: string): Preview[] {
    const locale = supportedLocale(tag);
    if (!locale || !this.templates.messages.includes(message)) throw new NotFoundException();
    return examplesOf(message).map((example) => this.preview(templateOf(message), { ...example, locale }));
  }

  private preview(template: string, content: MessageContent): Preview {
    const mail = this.templates.mail(template, content, SAMPLE_TTL_SECONDS);
    if (!this.templates.has(template, 'sms')) return mail;
    const text = this.templates.sms(template, content, SAMPLE_TTL_SECONDS);
    return { ...mail, sms: { text, ...smsSize(text) } };
  }
}
