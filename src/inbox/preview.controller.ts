import { Controller, Get, Header, NotFoundException, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Public } from '../http/access.js';
import { supportedLocale } from '../common/locale.js';
import { smsSize } from '../notifier/text/sms-segments.js';
import { EXAMPLES } from '../notifier/text/template-examples.js';
import { Templates } from '../notifier/text/templates.js';
import { previewList, previewPage } from './preview.page.js';

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
    return previewList(Object.keys(EXAMPLES));
  }

  @Get(':template/:locale')
  @Header('Content-Type', 'text/html; charset=utf-8')
  show(@Param('template') template: string, @Param('locale') tag: string): string {
    const locale = supportedLocale(tag);
    if (!locale || !Object.hasOwn(EXAMPLES, template)) throw new NotFoundException();
    const content = { ...EXAMPLES[template], locale };
    const text = this.templates.has(template, 'sms')
      ? this.templates.sms(template, content, SAMPLE_TTL_SECONDS)
      : undefined;
    const sms = text === undefined ? undefined : { text, ...smsSize(text) };
    return previewPage({
      template,
      locale,
      ...this.templates.mail(template, content, SAMPLE_TTL_SECONDS),
      sms,
    });
  }
}
