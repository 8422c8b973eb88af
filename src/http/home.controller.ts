import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { Config } from '../config/config.js';
import { Public } from './access.js';
import { readPage, replyWithPage, type BuiltPage } from './pages.js';

/** Says what this server is: in development as a page to browsers, otherwise as JSON. */
@ApiExcludeController()
@Public()
@SkipThrottle()
@Controller()
export class HomeController {
  private readonly page: BuiltPage | null;

  constructor(private readonly config: Config) {
    this.page = config.production ? null : readPage('home', config);
  }

  @Get()
  home(@Req() { headers }: FastifyRequest, @Res() reply: FastifyReply): FastifyReply {
    const type = new Negotiator({ headers }).mediaType(['application/json', 'text/html']);
    if (this.page && type === 'text/html') return replyWithPage(reply, this.page);
    return reply.send({ name: 'OTP Auth Server', links: this.links() });
  }

  /** Only to what this server serves. */
  private links(): { name: string; url: string }[] {
    const { DOCS, hasInbox, production, publicUrl } = this.config;
    const paths: [isServed: boolean, name: string, path: string][] = [
      [DOCS, 'Swagger UI', 'docs'],
      [DOCS, 'OpenAPI document', 'openapi.json'],
      [!production, 'Demo', 'demo'],
      [hasInbox, 'Inbox', 'inbox'],
      [!production, 'Message previews', 'inbox/preview'],
    ];
    return paths
      .filter(([isServed]) => isServed)
      .map(([, name, path]) => ({ name, url: `${publicUrl}/${path}` }));
  }
}
