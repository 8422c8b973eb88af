import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

const DESCRIPTION = `Sends one-time codes by e-mail and SMS, checks them once, and proves the result.

**Try the whole flow here**: send a code, read the message at [/inbox](/inbox) (development), check the code, and check it
again to see it refused. Or register, verify, press *Authorize* with the \`accessToken\`, and add a customer.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`; 429 and 503 carry \`Retry-After\`.`;

/** The OpenAPI document, generated from the controllers. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('OTP Auth Server')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addTag('Codes', 'Prove that somebody reads an address, or approves a transaction.')
    .addTag('Registration', 'Open an account.')
    .addTag('Sign-in', 'Sign in with a code or a password, and stay signed in.')
    .addTag('Sessions', 'See and end what is signed in.')
    .addTag('Password', 'Forgotten or changed.')
    .addTag('Profile', 'Your own account.')
    .addTag('Customers', 'Your own contact records.')
    .addTag('Administration', 'For administrators.')
    .addTag('Compatibility', 'The same under `/api`, for clients of a system that this server replaces.')
    .addTag('Keys', 'Check what this server signed.')
    .addTag('Health', 'For load balancers and operators.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token' })
    .addSecurity('metrics', { type: 'http', scheme: 'bearer', description: '`METRICS_TOKEN`' })
    .build();
  const document = SwaggerModule.createDocument(app, config);
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post, path.patch, path.delete]) {
      for (const response of Object.values(operation?.responses ?? {})) {
        if (response && !('$ref' in response)) response.description ||= 'Success';
      }
    }
  }
  return document;
}

/** Swagger UI at `/docs`, the document at `/openapi.json`. */
export function serveSwagger(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSwaggerUiPath: swaggerUi(),
    customSiteTitle: 'OTP Auth Server',
    swaggerOptions: {
      tryItOutEnabled: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      persistAuthorization: true,
    },
  });
}

/** The folder of Swagger UI, which is a dependency of `@nestjs/swagger` and not of ours. */
function swaggerUi(): string {
  return dirname(
    createRequire(import.meta.resolve('@nestjs/swagger')).resolve('swagger-ui-dist/package.json'),
  );
}
