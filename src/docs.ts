import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

const DESCRIPTION = `Sends one-time codes by e-mail and SMS, checks them once, and proves the result.

**Try the whole flow here**: send a code, read the message at [/inbox](/inbox) (development), check the code, and check it
again to see it refused.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`; 429 and 503 carry \`Retry-After\`.`;

/** The OpenAPI document, generated from the controllers. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('OTP Auth Server')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addTag('Codes', 'Prove that somebody reads an address, or approves a transaction.')
    .addTag('Sign-in', 'Sign in with a code.')
    .addTag('Keys', 'Check what this server signed.')
    .addTag('Health', 'For load balancers and operators.')
    .build();
  const document = SwaggerModule.createDocument(app, config);
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post]) {
      for (const response of Object.values(operation?.responses ?? {})) {
        if (response && !('$ref' in response)) response.description ||= 'Success';
      }
    }
  }
  return document;
}

/** Swagger UI at `/docs`, the document at `/openapi.json`. */
export function serveDocs(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'OTP Auth Server',
    swaggerOptions: { tryItOutEnabled: true, displayRequestDuration: true, defaultModelsExpandDepth: 0 },
  });
}
