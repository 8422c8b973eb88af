import { Controller, Get, Header, NotFoundException, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { supportedLocale } from '../common/locale.js';
import { smsSize } from '../notifier/text/sms-segments.js';
import type { MessageContent } from '../notifier/text/message-content.js';
import { examplesOf } from '../notifier/text/template-examples.js';
import { Templates } from '../notifier/text/templates.js';
import { templateOf } from '../notifier/text/text-files.js';
import { previewList, previewPage, type Preview } from './preview.page.js';

const SAMPLE_TTL_SECONDS = 300;

/** Shows every message in every language with sample content, for translators and designers. */
@ApiExcludeController()
@Public()
@SkipThrottle()
@Controller('inbox/preview')
export class PreviewController {
  constructor(private readonly templates: Templates) {}

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  list(): string {
    return previewList(this.templates.messages);
  }

  @Get(':template/:locale')
  @Header('Content-Type', 'text/html; charset=utf-8')
  show(@Param('template') message: string, @Param('locale') tag: string): string {
    const locale = supportedLocale(tag);
    if (!locale || !this.templates.messages.includes(message)) throw new NotFoundException();
    const previews = examplesOf(message).map((example) =>
      this.preview(templateOf(message), { ...example, locale }),
    );
    return previewPage(message, locale, previews);
  }

  private preview(template: string, content: MessageContent): Preview {
    const mail = this.templates.mail(template, content, SAMPLE_TTL_SECONDS);
    if (!this.templates.has(template, 'sms')) return mail;
    const text = this.templates.sms(template, content, SAMPLE_TTL_SECONDS);
    return { ...mail, sms: { text, ...smsSize(text) } };
  }
}
