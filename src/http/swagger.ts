import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { Config } from '../config/config.js';

const description = (
  basePath: string,
) => `Sends one-time codes by e-mail and SMS, checks each code once, and signs a proof of the result.

**Try the whole flow here**: send a code, read the message at [/inbox](${basePath}/inbox) (development only),
check the code, and check it again to see that a code works only once. Or register an account,
verify it, press *Authorize*, paste the \`accessToken\`, and create a customer.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`. 429 and 503 carry \`Retry-After\`.`;

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Reply = Exclude<Operation['responses'][string], { $ref: string } | undefined>;

/** The OpenAPI document, generated from the controllers. */
export function openApiDocument(app: NestFastifyApplication, { publicUrl }: Config): OpenAPIObject {
  // A proxy that serves this server below a path strips the path, so only PUBLIC_URL tells it.
  const basePath = new URL(publicUrl).pathname.replace(/\/$/, '');
  const options = new DocumentBuilder()
    .setTitle('OTP Auth Server')
    .setDescription(description(basePath))
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer(basePath || '/')
    .addTag('Codes', 'Verify an address or approve a transaction with a one-time code.')
    .addTag('Registration', 'Create an account.')
    .addTag('Sign-in', 'Sign in with a code or a password, and refresh the session.')
    .addTag('Sessions', 'List and end sessions.')
    .addTag('Password', 'Change or reset a password.')
    .addTag('Profile', 'Read and change your own account.')
    .addTag('Customers', 'Contact records of the signed-in user.')
    .addTag('Administration', 'Manage users, deliveries and the audit log. For administrators only.')
    .addTag(
      'Compatibility',
      'The same operations under `/api`, for clients of the Express server that this one replaces.',
    )
    .addTag('Keys', 'Public keys that verify what this server signs.')
    .addTag('Health', 'Health checks and metrics.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token' })
    .addSecurity('application', {
      type: 'http',
      scheme: 'basic',
      description: 'The id and the secret of a server application',
    })
    .addSecurity('application-id', {
      type: 'apiKey',
      in: 'header',
      name: 'X-Application-Id',
      description: 'The id of a browser application',
    })
    .addSecurity('metrics', { type: 'http', scheme: 'bearer', description: '`METRICS_TOKEN`' })
    .build();
  const document = SwaggerModule.createDocument(app, options);
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post, path.patch, path.delete]) {
      for (const [status, response] of Object.entries(operation?.responses ?? {})) {
        if (response && !('$ref' in response)) response.description ||= describeReply(status, response);
      }
    }
  }
  return document;
}

/**
 * The default description of a reply: the name of its schema. Empty when the operation declares
 * none, which a test reports.
 */
function describeReply(status: string, { content }: Reply): string {
  if (status === '204') return 'No content';
  const schema = content?.['application/json']?.schema;
  if (!schema) return '';
  if ('$ref' in schema) return `\`${nameOf(schema)}\``;
  return schema.items && '$ref' in schema.items ? `A list of \`${nameOf(schema.items)}\`` : '';
}

function nameOf({ $ref }: { $ref: string }): string {
  return $ref.slice($ref.lastIndexOf('/') + 1);
}

/** Swagger UI at `/docs`, the document at `/openapi.json` and `/openapi.yaml`, unless `DOCS=off`. */
export function serveSwagger(app: NestFastifyApplication, config: Config): void {
  if (!config.DOCS) return;
  SwaggerModule.setup('docs', app, () => openApiDocument(app, config), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSwaggerUiPath: swaggerUi(),
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
