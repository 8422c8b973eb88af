import { writeFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { AppModule } from '../app.module.js';
import type { Problem } from '../http/problem.dto.js';
import { Config } from '../config/config.js';
import { openApiDocument } from '../http/swagger.js';

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;

// Writes `openapi.json` and `docs/errors.md` from the built program. In preview mode nothing is instantiated and no
// database is opened.
const app = await NestFactory.create<NestFastifyApplication>(
  AppModule.with(Config.from({})),
  new FastifyAdapter(),
  {
    preview: true,
    logger: false,
  },
);
const document = openApiDocument(app);
writeFileSync('openapi.json', `${JSON.stringify(document, null, 2)}\n`);
writeFileSync('docs/errors.md', errorsPage(document));

function operationsOf({ get, post, patch, delete: remove }: PathItem): [string, Operation | undefined][] {
  return Object.entries({ GET: get, POST: post, PATCH: patch, DELETE: remove });
}

function errorsPage(openapi: OpenAPIObject): string {
  const problems = new Map<string, Problem>();
  const calls = new Map<string, string[]>();
  for (const [path, item] of Object.entries(openapi.paths)) {
    for (const [method, operation] of operationsOf(item)) {
      for (const response of Object.values(operation?.responses ?? {})) {
        if (!response || '$ref' in response) continue;
        const examples = (response.content?.['application/problem+json']?.examples ?? {}) as Record<
          string,
          { value: Problem }
        >;
        for (const { value } of Object.values(examples)) {
          problems.set(value.code, problems.get(value.code) ?? value);
          calls.set(value.code, [...(calls.get(value.code) ?? []), `${method} ${path}`]);
        }
      }
    }
  }
  const rows = [...problems.values()]
    .sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1))
    .map(({ status, code, detail }) => {
      const where = calls.get(code) ?? [];
      return `| ${status} | \`${code}\` | ${detail} | ${where.length > 3 ? 'most calls' : where.join('<br>')} |`;
    });
  return `# Errors

Every refusal is \`application/problem+json\` (RFC 9457). Programs branch on \`code\`, which is stable; \`detail\` is for
people. 429 and 503 carry \`Retry-After\` in seconds, and \`retryAfter\` in the document.

| status | code | detail (example) | answered by |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
