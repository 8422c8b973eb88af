import { TestApp } from '../support/app.js';
import { raw } from '../support/raw.js';

interface Schema {
  $ref?: string;
  type?: string;
  description?: string;
  example?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
}
interface Media {
  schema?: Schema;
  examples?: Record<string, { value: Record<string, unknown> }>;
}
interface Operation {
  summary?: string;
  parameters?: { name: string; description?: string; example?: unknown; schema?: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, { description?: string; content?: Record<string, Media> }>;
  security?: Record<string, string[]>[];
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** Served beside the API, for people and machines that read about it. */
const NOT_OPERATIONS = /^(GET|HEAD) \/(docs|openapi\.(json|yaml)$|(inbox(\/preview.*)?|reset|undo)$)/;

describe('the documentation', () => {
  let app: TestApp;
  let routes: string[];
  let document: Document;
  let operations: [string, Operation][];
  beforeAll(async () => {
    app = await TestApp.start();
    ({ routes } = await app.inspect());
    document = (await app.get('/openapi.json').expect(200)).body as Document;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, Operation] => [
        `${method.toUpperCase()} ${path}`,
        operation,
      ]),
    );
  });
  afterAll(() => app?.stop());

  it('is Swagger UI at /docs, with everything it loads', async () => {
    const page = await app
      .get('/docs')
      .expect(200)
      .expect('content-type', /text\/html/);
    const loaded = [...page.text.matchAll(/(?:src|href)="\.?\/?([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(loaded).toEqual(expect.arrayContaining([expect.stringMatching(/swagger-ui-bundle\.js$/)]));
    for (const path of loaded) await app.get(`/${path}`).expect(200);
    // The policy of the page allows no inline script, so it must not need one.
    expect(page.text).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>\s*\S/);
  });

  it('describes exactly the routes there are (API9)', () => {
    const described = operations.map(([name]) => name.replace(/\{(\w+)\}/g, ':$1')).sort();
    const served = routes.filter((route) => !route.startsWith('HEAD ') && !NOT_OPERATIONS.test(route));
    expect(described).toEqual(served.sort());
  });

  it('has a summary for every operation, and a meaning for every answer', () => {
    for (const [name, { summary, responses }] of operations) {
      expect([name, summary]).toEqual([name, expect.stringMatching(/\w+ \w+/)]);
      expect(Object.keys(responses)).toContainEqual(expect.stringMatching(/^2\d\d$/));
      for (const { description } of Object.values(responses)) expect(description).toBeTruthy();
    }
  });

  it('has a description or an example for every field that is sent or answered', () => {
    const bare = Object.entries(document.components.schemas).flatMap(([schema, { properties }]) =>
      Object.entries(properties ?? {})
        .filter(
          ([, field]) => !field.description && field.example === undefined && !field.enum && !field.$ref,
        )
        .map(([name]) => `${schema}.${name}`),
    );
    expect(bare.filter((name) => !/^(InboxEntry|Jwks)\./.test(name))).toEqual([]);
  });

  it('says what is in every object, or that it is a map', () => {
    const empty = Object.entries(document.components.schemas)
      .filter(([, { type, properties = {} }]) => type === 'object' && Object.keys(properties).length === 0)
      .filter(([, { additionalProperties }]) => additionalProperties === undefined)
      .map(([name]) => name);
    expect(empty).toEqual([]);
    expect(Object.keys(document.components.schemas.Problem?.properties ?? {})).toContain('code');
  });

  it('has a schema and examples for every body, and each example fits its schema', () => {
    const withBody = operations.filter(([, { requestBody }]) => requestBody);
    expect(withBody.length).toBeGreaterThan(10);
    for (const [name, { requestBody }] of withBody) {
      const media = requestBody?.content['application/json'];
      const schema = document.components.schemas[media?.schema?.$ref?.split('/').at(-1) ?? ''];
      expect([name, Object.keys(schema?.properties ?? {}).length]).not.toEqual([name, 0]);
      const examples = Object.values(media?.examples ?? {}).map(({ value }) => value);
      expect([name, examples.length]).not.toEqual([name, 0]);
      for (const example of examples) {
        expect(Object.keys(schema?.properties ?? {})).toEqual(expect.arrayContaining(Object.keys(example)));
        expect(Object.keys(example)).toEqual(expect.arrayContaining(schema?.required ?? []));
      }
    }
  });

  it('has a problem as an example for every refusal (RF8)', () => {
    for (const [name, { responses }] of operations) {
      const refusals = Object.entries(responses).filter(([status]) => Number(status) >= 400);
      if (name.startsWith('POST ')) expect([name, refusals.length]).not.toEqual([name, 0]);
      for (const [status, { content }] of refusals) {
        const media = content?.['application/problem+json'];
        expect(media?.schema?.$ref).toMatch(/\/Problem$/);
        const problems = Object.entries(media?.examples ?? {});
        expect([name, problems.length]).not.toEqual([name, 0]);
        for (const [code, { value }] of problems)
          expect(value).toMatchObject({
            type: 'about:blank',
            title: expect.any(String),
            status: Number(status),
            detail: expect.any(String),
            code,
            requestId: expect.any(String),
          });
      }
    }
  });

  it('says 429 where a budget is spent, with the seconds to wait (RF9)', () => {
    const open = operations.filter(([name, { security }]) => name.startsWith('POST ') && !security);
    expect(open.length).toBeGreaterThan(10);
    for (const [name, { responses }] of open) {
      const examples = responses['429']?.content?.['application/problem+json']?.examples;
      expect([name, Object.values(examples ?? {}).length]).not.toEqual([name, 0]);
      for (const { value } of Object.values(examples ?? {}))
        expect(value.retryAfter).toEqual(expect.any(Number));
    }
  });

  it('asks for a token exactly where one is needed (API5)', async () => {
    for (const [name, { security, responses }] of operations) {
      const [method = '', path = ''] = name
        .replace(/\{\w+\}/g, '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001')
        .split(' ');
      const reply = await raw(app.url, path, { method });
      const answersWithout = name.startsWith('PATCH ') && name.endsWith('/reset');
      // An empty requirement: without one is as good.
      const needed = security?.every((scheme) => Object.keys(scheme).length > 0) ?? false;
      expect([name, needed]).toEqual([name, reply.status === 401 || answersWithout]);
      if (security) expect([name, Object.keys(responses)]).toEqual([name, expect.arrayContaining(['401'])]);
    }
  });

  it('has its examples work when they are tried', async () => {
    const [, generate] = operations.find(([name]) => name === 'POST /otp/generate') ?? [];
    const examples = generate?.requestBody?.content['application/json']?.examples ?? {};
    for (const { value } of Object.values(examples)) await app.post('/otp/generate', value).expect(200);
  });
});
