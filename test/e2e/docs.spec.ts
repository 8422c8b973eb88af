import { readFileSync } from 'node:fs';
import { TestApp } from '../support/app.js';
import { raw } from '../support/raw.js';

interface Schema {
  $ref?: string;
  oneOf?: Schema[];
  type?: string | string[];
  format?: string;
  minimum?: number;
  description?: string;
  example?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema | false>;
  required?: string[];
  additionalProperties?: unknown;
}
interface Media {
  schema?: Schema;
  examples?: Record<string, { value: Record<string, unknown> }>;
}
interface Operation {
  summary?: string;
  tags?: string[];
  parameters?: { name: string; description?: string; example?: unknown; schema?: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, { description?: string; content?: Record<string, Media> }>;
  operationId: string;
  security: Record<string, string[]>[];
}
interface Document {
  openapi: string;
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, object> };
}

/** Routes that serve pages and documentation and are not part of the API. */
const NON_API_ROUTES =
  /^(GET|HEAD) \/((docs|assets)\b|(elements|proof-worker)\.js$|openapi\.(json|yaml)$|(demo|inbox(\/(events|preview|templates.*))?|account|console|reset|sign-in|undo|undo-deletion)?$)/;

describe('API documentation', () => {
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

  /** The fields of all schemas, also those of variants. */
  const fields = (): [string, Schema][] =>
    Object.entries(document.components.schemas).flatMap(([schema, { properties, oneOf = [] }]) =>
      [properties, ...oneOf.map((variant) => variant.properties)].flatMap((some) =>
        Object.entries(some ?? {}).flatMap(([name, field]): [string, Schema][] =>
          field ? [[`${schema}.${name}`, field]] : [],
        ),
      ),
    );

  it('does not let Swagger UI store tokens in the browser', async () => {
    const { text } = await app.get('/docs/swagger-ui-init.js').expect(200);
    expect(text).toMatch(/"persistAuthorization": false/);
  });

  it('serves Swagger UI at /docs with all of its assets', async () => {
    const page = await app
      .get('/docs')
      .expect(200)
      .expect('content-type', /text\/html/);
    const assets = [...page.text.matchAll(/(?:src|href)="\.?\/?([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(assets).toEqual(expect.arrayContaining([expect.stringMatching(/swagger-ui-bundle\.js$/)]));
    for (const path of assets) await app.get(`/${path}`).expect(200);
    // The page's content security policy allows no inline script.
    expect(page.text).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>\s*\S/);
  });

  it('serves the committed document', () => {
    expect(document).toEqual(JSON.parse(readFileSync('openapi.json', 'utf8')));
  });

  it('takes exactly one address where one is wanted', () => {
    const { oneOf = [] } = document.components.schemas.SendSignInCode ?? {};
    expect(oneOf.map(({ required }) => required)).toEqual([['phone'], ['email']]);
    expect(oneOf.map(({ properties = {} }) => properties)).toMatchObject([
      { email: false },
      { phone: false },
    ]);
  });

  it('describes exactly the served routes', () => {
    const described = operations.map(([name]) => name.replace(/\{(\w+)\}/g, ':$1')).sort();
    const served = routes.filter((route) => !/^(HEAD|OPTIONS) /.test(route) && !NON_API_ROUTES.test(route));
    expect(described).toEqual(served.sort());
  });

  it('says that every change by an administrator needs a recent sign-in', () => {
    const changes = operations.filter(
      ([name, { responses }]) =>
        !name.startsWith('GET ') &&
        'forbidden' in (responses['403']?.content?.['application/problem+json']?.examples ?? {}),
    );
    expect(changes.length).toBeGreaterThan(0);
    for (const [name, { responses }] of changes) {
      const examples = responses['401']?.content?.['application/problem+json']?.examples ?? {};
      expect([name, Object.keys(examples)]).toEqual([
        name,
        expect.arrayContaining(['reauthentication_required']),
      ]);
    }
  });

  it('has a summary for every operation and a description for every reply', () => {
    for (const [name, { summary, responses }] of operations) {
      expect([name, summary]).toEqual([name, expect.stringMatching(/\w+ \w+/)]);
      expect(Object.keys(responses)).toContainEqual(expect.stringMatching(/^2\d\d$/));
      for (const [status, { description, content }] of Object.entries(responses)) {
        expect([name, status, description]).toEqual([name, status, expect.stringMatching(/\w/)]);
        // A reply without a body must be declared as one. Otherwise its schema was forgotten.
        expect([name, status, content !== undefined]).toEqual([name, status, status !== '204']);
      }
    }
  });

  it('is an OpenAPI 3.1 document with an operation id for every operation', () => {
    expect(document.openapi).toBe('3.1.0');
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z]+([A-Z][a-z]+)*$/.test(id))).toEqual([]);
    for (const id of ['sendOtp', 'verifyOtp', 'generateOtp', 'register', 'login', 'refreshTokens'])
      expect(ids).toContain(id);
    expect(JSON.stringify(document)).not.toContain('"nullable"');
  });

  it('has a schema for every error code, with the members that the code brings', () => {
    const { schemas } = document.components;
    expect(schemas.OtpCooldownProblem?.required).toEqual(expect.arrayContaining(['code', 'retryAfter']));
    expect(schemas.OtpInvalidProblem?.required).toEqual(expect.arrayContaining(['code', 'attemptsLeft']));
    expect(schemas.ValidationFailedProblem?.required).toEqual(expect.arrayContaining(['code', 'errors']));
    // A member that only some operations add.
    expect(schemas.OtpInvalidProblem?.required).not.toContain('msg');
    expect(Object.keys(schemas.OtpInvalidProblem?.properties ?? {})).toContain('msg');
  });

  it('has a schema for every reference', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(
      ([, target]) => target,
    );
    const schemas = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(references.length).toBeGreaterThan(100);
    expect(references.filter((target = '') => !schemas.includes(target))).toEqual([]);
  });

  it('has a description or an example for every field', () => {
    const undocumented = Object.entries(document.components.schemas).flatMap(([schema, { properties }]) =>
      Object.entries(properties ?? {})
        .filter(
          ([, field]) =>
            // A field with the schema `false` never occurs.
            field && !field.description && field.example === undefined && !field.enum && !field.$ref,
        )
        .map(([name]) => `${schema}.${name}`),
    );
    expect(undocumented.filter((name) => !/^(InboxEntry|Jwks)\./.test(name))).toEqual([]);
  });

  it('has integers for numbers, except for money', () => {
    const numbers = fields().filter(([, { type }]) => [type].flat().includes('number'));
    expect(numbers.map(([name]) => name).sort()).toEqual([
      'ApplicationLimitFields.spendPerDay',
      'ApplicationLimitValues.spendPerDay',
      'ApplicationUsage.spent',
      'ExportedMessage.price',
      'NumberUsage.spent',
      'ProviderUsage.spent',
      'SpendWindow.limit',
      'SpendWindow.spent',
    ]);
    const integers = fields().filter(([, { type }]) => [type].flat().includes('integer'));
    expect(integers.filter(([, { minimum }]) => minimum === undefined)).toEqual([]);
  });

  it('has the format of every time, id and e-mail address', () => {
    const formats: [RegExp, string][] = [
      [/^\d{4}-\d\d-\d\dT/, 'date-time'],
      [/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/, 'uuid'],
      [/^[\w.]+@[\w.]+$/, 'email'],
    ];
    // These take or return a phone number as well.
    const either = ['ExportedContactChange.oldAddress', 'TimelineQuery.recipient', 'Unblock.recipient'];
    const wrong = fields()
      .filter(([name]) => !either.includes(name))
      .flatMap(([name, { example, format }]) => {
        const [, expected] = formats.find(([pattern]) => pattern.test(String(example))) ?? [];
        return expected === undefined || expected === format ? [] : [[name, example, format]];
      });
    expect(wrong).toEqual([]);
  });

  it('has the tags in the order of a first visit', () => {
    const names = document.tags.map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual(['Sign-in', 'Codes']);
    expect(names.at(-1)).toBe('Administration');
    for (const { name, description } of document.tags)
      expect([name, description]).toEqual([name, expect.stringMatching(/\.$/)]);
    // The paths have the same order.
    const inOrder = operations.map(([, { tags: [tag = ''] = [] }]) => names.indexOf(tag));
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
  });

  it('has two kinds of replies to a right code: with tokens, and without an account', () => {
    const { SignInApproved, AddressApproved } = document.components.schemas;
    expect(SignInApproved?.required).toEqual(
      expect.arrayContaining(['VerificationStatus', 'accessToken', 'refreshToken', 'expiresIn', 'user']),
    );
    expect(AddressApproved).toMatchObject({
      properties: { accessToken: false, user: false },
      required: ['VerificationStatus'],
    });
    const replyOf = (path: string, status: string) =>
      document.paths[path]?.post?.responses[status]?.content?.['application/json']?.schema;
    const signInApproved = { $ref: '#/components/schemas/SignInApproved' };
    const either = { oneOf: [signInApproved, { $ref: '#/components/schemas/AddressApproved' }] };
    expect(replyOf('/auth/verify_otp', '201')).toEqual(either);
    expect(replyOf('/auth/link', '201')).toEqual(either);
    expect(replyOf('/auth/verify', '200')).toEqual(signInApproved);
  });

  it('has other people in its examples than the README', () => {
    const addresses = /[\w.]+@example\.\w+|\+\d{7,15}/g;
    const inReadme: string[] = readFileSync('README.md', 'utf8').match(addresses) ?? [];
    const inExamples: string[] = operations.flatMap(
      ([, { requestBody }]) =>
        JSON.stringify(requestBody?.content['application/json']?.examples ?? {}).match(addresses) ?? [],
    );
    expect(inReadme.length).toBeGreaterThan(5);
    expect(inExamples.length).toBeGreaterThan(10);
    expect(inExamples.filter((address) => inReadme.includes(address))).toEqual([]);
    // No block of the examples stops the messages of the README.
    const blocks = document.paths['/fraud/blocks']?.post?.requestBody?.content['application/json']?.examples;
    for (const { value } of Object.values(blocks ?? {}))
      expect(inReadme.filter((address) => address.startsWith(String(value.prefix)))).toEqual([]);
  });

  it('lists the properties of every object or declares it a map', () => {
    const empty = Object.entries(document.components.schemas)
      .filter(([, { type, properties = {} }]) => type === 'object' && Object.keys(properties).length === 0)
      .filter(([, { additionalProperties }]) => additionalProperties === undefined)
      .map(([name]) => name);
    expect(empty).toEqual([]);
  });

  it('has a schema and matching examples for every request body', () => {
    const withBody = operations.filter(([, { requestBody }]) => requestBody);
    expect(withBody.length).toBeGreaterThan(10);
    for (const [name, { requestBody }] of withBody) {
      const media = requestBody?.content['application/json'];
      const schema = document.components.schemas[media?.schema?.$ref?.split('/').at(-1) ?? ''];
      const variants = schema?.oneOf ?? [schema];
      expect([name, Object.keys(variants[0]?.properties ?? {}).length]).not.toEqual([name, 0]);
      const examples = Object.values(media?.examples ?? {}).map(({ value }) => value);
      expect([name, examples.length]).not.toEqual([name, 0]);
      for (const example of examples) {
        const matching = variants.filter(
          (variant) =>
            Object.keys(example).every((field) => variant?.properties?.[field]) &&
            (variant?.required ?? []).every((field) => field in example),
        );
        expect([name, example, matching.length]).toEqual([name, example, 1]);
      }
    }
  });

  it('has problem documents as examples for every error reply', () => {
    for (const [name, { responses }] of operations) {
      const errors = Object.entries(responses).filter(([status]) => Number(status) >= 400);
      if (name.startsWith('POST ')) expect([name, errors.length]).not.toEqual([name, 0]);
      for (const [status, { content }] of errors) {
        const media = content?.['application/problem+json'];
        const problems = Object.entries(media?.examples ?? {});
        expect([name, problems.length]).not.toEqual([name, 0]);
        const references = media?.schema?.oneOf ?? [media?.schema];
        const codes = references.flatMap((schema) => {
          const { properties } = document.components.schemas[schema?.$ref?.split('/').at(-1) ?? ''] ?? {};
          return (properties?.code || undefined)?.enum;
        });
        expect([name, codes]).toEqual([name, problems.map(([code]) => code)]);
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

  it('documents 429 with retryAfter for every public POST', () => {
    const publicPosts = operations.filter(
      ([name, { security }]) =>
        name.startsWith('POST ') &&
        (security.length === 0 || security.some((scheme) => Object.keys(scheme).length === 0)),
    );
    expect(publicPosts.length).toBeGreaterThan(10);
    for (const [name, { responses }] of publicPosts) {
      const examples = responses['429']?.content?.['application/problem+json']?.examples;
      expect([name, Object.values(examples ?? {}).length]).not.toEqual([name, 0]);
      for (const { value } of Object.values(examples ?? {}))
        expect(value.retryAfter).toEqual(expect.any(Number));
    }
  });

  it('requires a token exactly where the server does', async () => {
    for (const [name, { security, responses }] of operations) {
      const [method = '', path = ''] = name
        .replace(/\{\w+\}/g, '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001')
        .split(' ');
      const reply = await raw(app.url, path, { method });
      // An empty security requirement makes the token optional.
      const needed = security.length > 0 && security.every((scheme) => Object.keys(scheme).length > 0);
      expect([name, needed]).toEqual([name, reply.status === 401]);
      if (security.length > 0)
        expect([name, Object.keys(responses)]).toEqual([name, expect.arrayContaining(['401'])]);
    }
  });

  it('takes the id and secret of an application at every route below /otp, or neither', () => {
    const otp = operations.filter(([name]) => / \/otp\//.test(name));
    expect(otp).toHaveLength(5);
    for (const [name, { security }] of otp)
      expect([name, security]).toEqual([
        name,
        expect.arrayContaining([{}, { application: [] }, { 'application-id': [] }]),
      ]);
    expect(document.components.securitySchemes).toMatchObject({
      application: { type: 'http', scheme: 'basic' },
      'application-id': { type: 'apiKey', in: 'header', name: 'X-Application-Id' },
    });
  });

  it('has working examples for /otp/generate', async () => {
    const [, generate] = operations.find(([name]) => name === 'POST /otp/generate') ?? [];
    const examples = generate?.requestBody?.content['application/json']?.examples ?? {};
    for (const { value } of Object.values(examples)) await app.post('/otp/generate', value).expect(200);
  });
});
