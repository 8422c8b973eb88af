import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { Config } from '../config/config.js';
import { Public } from './access.js';
import { homePage, type HomeLink } from './home.page.js';

const NAME = 'OTP Auth Server';

/** Says what this server is: in development as a page to browsers, otherwise as JSON. */
@ApiExcludeController()
@Public()
@SkipThrottle()
@Controller()
export class HomeController {
  constructor(private readonly config: Config) {}

  @Get()
  home(@Req() { headers }: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): string | object {
    const type = new Negotiator({ headers }).mediaType(['application/json', 'text/html']);
    if (type === 'text/html' && !this.config.production) {
      void reply.type('text/html; charset=utf-8');
      return homePage(NAME, this.links());
    }
    const links = this.links().map(({ name, path }) => ({ name, url: `${this.config.publicUrl}/${path}` }));
    return { name: NAME, links };
  }

  /** Only to what this server serves. */
  private links(): HomeLink[] {
    const { DOCS, hasInbox, production } = this.config;
    return [
      ...(DOCS
        ? [
            { name: 'Swagger UI', text: 'Read about every call, and try it.', path: 'docs' },
            { name: 'OpenAPI document', text: 'For programs that generate clients.', path: 'openapi.json' },
          ]
        : []),
      ...(hasInbox ? [{ name: 'Inbox', text: 'The messages that this server "sent".', path: 'inbox' }] : []),
      ...(production
        ? []
        : [{ name: 'Message previews', text: 'Every message in every language.', path: 'inbox/preview' }]),
    ];
  }
}
