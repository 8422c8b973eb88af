import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { Config } from '../config/config.js';
import { ALTERNATIVE } from './fields.js';
import { nameProblems } from './problem-schemas.js';

const description = (
  basePath: string,
) => `Sends one-time codes by e-mail and SMS, checks each code once, and signs a proof of the result.

**Try the whole flow here**: send a code, read the message at [/inbox](${basePath}/inbox) (development only),
check the code, and check it again to see that a code works only once. Or register an account,
verify it, press *Authorize*, paste the \`accessToken\`, and create a customer.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`. 429 and 503 carry \`Retry-After\`.`;

interface ObjectSchema {
  properties?: Record<string, Record<string, unknown>>;
  required?: string[];
  [keyword: string]: unknown;
}
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Reply = Exclude<Operation['responses'][string], { $ref: string } | undefined>;

/** A proxy that serves this server below a path strips the path, so only PUBLIC_URL tells it. */
export function basePathOf({ publicUrl }: Config): string {
  return new URL(publicUrl).pathname.replace(/\/$/, '');
}

/** The OpenAPI document, generated from the controllers. */
export function openApiDocument(app: NestFastifyApplication, config: Config): OpenAPIObject {
  const basePath = basePathOf(config);
  const options = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
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
  const document = SwaggerModule.createDocument(app, options, {
    operationIdFactory: (_controller, method) => method,
  });
  for (const operation of operationsOf(document)) {
    // An empty list: the operation is public.
    operation.security ??= [];
    for (const [status, response] of Object.entries(operation.responses)) {
      if (response && !('$ref' in response)) response.description ||= describeReply(status, response);
    }
  }
  nameProblems(document);
  splitAlternatives(document);
  return withNullTypes(document);
}

function operationsOf({ paths }: OpenAPIObject): Operation[] {
  return Object.values(paths)
    .flatMap(({ get, post, put, patch, delete: remove }) => [get, post, put, patch, remove])
    .filter((operation) => operation !== undefined);
}

/**
 * Gives a body that takes one of two addresses a variant for each, so that generated clients ask for
 * exactly one. Nothing is valid against the schema `false`.
 */
function splitAlternatives({ components }: OpenAPIObject): void {
  const schemas = (components?.schemas ?? {}) as Record<string, ObjectSchema>;
  for (const [name, { properties = {}, required = [], ...keywords }] of Object.entries(schemas)) {
    const [field, marked] = Object.entries(properties).find(([, property]) => ALTERNATIVE in property) ?? [];
    if (field === undefined || marked === undefined) continue;
    const { [ALTERNATIVE]: alternative, ...described } = marked;
    const all = { ...properties, [field]: described };
    const variant = (given: string, other: string) => ({
      ...keywords,
      properties: { ...all, [other]: false },
      required: [...required, given],
    });
    schemas[name] = { oneOf: [variant(field, String(alternative)), variant(String(alternative), field)] };
  }
}

/** `nullable` is a keyword of OpenAPI 3.0. In 3.1 null is a type, as in JSON Schema. */
function withNullTypes<Part>(part: Part): Part {
  if (Array.isArray(part)) return part.map(withNullTypes) as Part;
  if (typeof part !== 'object' || part === null) return part;
  const { nullable, ...others } = part as Record<string, unknown>;
  const members = Object.entries(others).map(([name, member]) => [name, withNullTypes(member)] as const);
  const converted = Object.fromEntries(members);
  if (nullable !== true) return converted as Part;
  const { type, allOf, ...keywords } = converted;
  return (
    Array.isArray(allOf)
      ? { ...keywords, oneOf: [...(allOf as unknown[]), { type: 'null' }] }
      : { ...keywords, type: [type, 'null'] }
  ) as Part;
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
