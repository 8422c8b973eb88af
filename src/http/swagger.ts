import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { Config } from '../config/config.js';
import { basePathOf, openApiDocument } from './openapi-document.js';

/**
 * What the page of Swagger UI lacks: a width for phones, and the focus in the first field of
 * "Authorize". A script of its own, because the content security policy allows no inline script.
 */
const PAGE_SCRIPT = `
const viewport = document.createElement('meta');
viewport.name = 'viewport';
viewport.content = 'width=device-width, initial-scale=1';
document.head.append(viewport);
new MutationObserver((changes) => {
  const added = changes.flatMap(({ addedNodes }) => [...addedNodes]);
  const dialog = added.find((node) => node.querySelector?.('.auth-container'));
  dialog?.querySelector('input')?.focus();
}).observe(document.body, { childList: true, subtree: true });
`;

/** Swagger UI at `/docs`, the document at `/openapi.json` and `/openapi.yaml`, unless `DOCS=off`. */
export function serveSwagger(app: NestFastifyApplication, config: Config): void {
  if (!config.DOCS) return;
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/docs/page.js', (_request, reply) => reply.type('text/javascript').send(PAGE_SCRIPT));
  SwaggerModule.setup('docs', app, () => openApiDocument(app, config), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSwaggerUiPath: swaggerUi(),
    customJs: `${basePathOf(config)}/docs/page.js`,
    customSiteTitle: 'OTP Auth Server',
    swaggerOptions: {
      tryItOutEnabled: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      // Swagger UI would keep tokens in the browser's storage, in reach of every later script.
      persistAuthorization: false,
    },
  });
}

/** The folder of Swagger UI, which is a dependency of `@nestjs/swagger` and not a direct one. */
function swaggerUi(): string {
  return dirname(
    createRequire(import.meta.resolve('@nestjs/swagger')).resolve('swagger-ui-dist/package.json'),
  );
}
