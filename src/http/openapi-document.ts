import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { Config } from '../config/config.js';
import { ABSENT, ALTERNATIVE } from './fields.js';
import { description, NEEDS_ADMINISTRATOR, NEEDS_TOKEN, TAGS } from './openapi-text.js';
import { nameProblems } from './problem-schemas.js';

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
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('OTP Auth Server')
    .setDescription(description(basePath))
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer(basePath || '/')
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
    .addSecurity('metrics', { type: 'http', scheme: 'bearer', description: '`METRICS_TOKEN`' });
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory: (_controller, method) => method,
  });
  orderByTag(document);
  for (const operation of operationsOf(document)) {
    // An empty list: the operation is public.
    operation.security ??= [];
    operation.description = [operation.description, tokenNote(operation)].filter(Boolean).join('\n\n');
    for (const [status, response] of Object.entries(operation.responses)) {
      if (response && !('$ref' in response)) response.description ||= describeReply(status, response);
    }
  }
  nameProblems(document);
  splitAlternatives(document);
  forbidAbsent(document);
  return withNullTypes(document);
}

function operationsOf({ paths }: OpenAPIObject): Operation[] {
  return Object.values(paths)
    .flatMap(({ get, post, put, patch, delete: remove }) => [get, post, put, patch, remove])
    .filter((operation) => operation !== undefined);
}

/** Undefined if the operation works without an access token. */
function tokenNote({ security = [], responses }: Operation): string | undefined {
  if (security.length === 0 || !security.every((scheme) => 'bearer' in scheme)) return undefined;
  const { content } = (responses['403'] as Reply) ?? {};
  const isForAdministrators = 'forbidden' in (content?.['application/problem+json']?.examples ?? {});
  return isForAdministrators ? NEEDS_ADMINISTRATOR : NEEDS_TOKEN;
}

/** Sorts the paths by the tag of their first operation, and lists the tags that occur. */
function orderByTag(document: OpenAPIObject): void {
  const order = Object.keys(TAGS);
  const tagOf = (path: OpenAPIObject['paths'][string]): string => {
    const [{ tags: [tag = ''] = [] } = {}] = Object.values(path) as Operation[];
    if (!order.includes(tag)) throw new Error(`TAGS does not describe the tag ${tag}`);
    return tag;
  };
  const paths = Object.entries(document.paths).map(([name, path]) => ({ name, path, tag: tagOf(path) }));
  paths.sort((a, b) => order.indexOf(a.tag) - order.indexOf(b.tag));
  document.paths = Object.fromEntries(paths.map(({ name, path }) => [name, path]));
  const used = new Set(paths.map(({ tag }) => tag));
  document.tags = order.filter((name) => used.has(name)).map((name) => ({ name, description: TAGS[name] }));
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

/** Gives absent fields the schema `false`, so that generated clients can tell variants of a reply apart. */
function forbidAbsent({ components }: OpenAPIObject): void {
  for (const { properties = {} } of Object.values(
    (components?.schemas ?? {}) as Record<string, ObjectSchema>,
  ))
    for (const [name, property] of Object.entries(properties))
      if (ABSENT in property) Object.assign(properties, { [name]: false });
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
