import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { TestApp } from '../support/app.js';
import { raw, rawJson, type RawReply } from '../support/raw.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const LONG_TEXT = 'x'.repeat(10_000);

/** Valid values for every field of the routes that take a body. */
const VALID_FIELDS: Record<string, Record<string, unknown>> = {
  '/otp/generate': {
    phone_number: '+14155550123',
    email: 'ada@example.com',
    purpose: 'own',
    channel: 'email',
    context: { a: 'b' },
  },
  '/otp/resend': {
    phone_number: '+14155550123',
    email: 'ada@example.com',
    purpose: 'own',
    channel: 'email',
    context: { a: 'b' },
  },
  '/otp/verify': {
    phone_number: '+14155550123',
    email: 'ada@example.com',
    purpose: 'own',
    context: { a: 'b' },
    otp: '123456',
  },
  '/auth/send_otp': { phone: '+14155550123', email: 'ada@example.com', channel: 'email' },
  '/auth/verify_otp': { phone: '+14155550123', email: 'ada@example.com', otp: '123456' },
};
const PATHS = Object.keys(VALID_FIELDS);
const FIELDS = PATHS.flatMap((path) =>
  Object.keys(VALID_FIELDS[path] ?? {}).map((field): [string, string] => [path, field]),
);

/** A valid body. Its one address is `field` if that is an address, otherwise the e-mail address. */
function validBody(path: string, field?: string): Record<string, unknown> {
  const { phone, phone_number, email, ...rest } = VALID_FIELDS[path] ?? {};
  if (field === 'phone') return { phone };
  if (field === 'phone_number') return { phone_number };
  return { email, ...rest };
}

const SQL_INJECTIONS = [
  "' or '1'='1",
  "'; drop table challenges; --",
  "' union select code_hash from challenges --",
  "1' and pg_sleep(5) --",
  "'||(select pg_sleep(5))||'",
  '"; delete from messages; --',
  "\\'; select 1",
  '$1',
  '${1}',
  '%27%20or%201=1',
  "admin'/*",
  '1; select * from signing_keys',
];

describe('bad input', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app?.stop());

  const postJson = (path: string, value: unknown) => rawJson(app.url, path, value);

  function expectProblem(
    { status, headers, text }: RawReply,
    expectedStatus: number,
    code: string,
    field?: string,
  ): void {
    const problem = JSON.parse(text) as Record<string, unknown>;
    expect(problem).toMatchObject({
      type: 'about:blank',
      title: expect.any(String),
      status: expectedStatus,
      detail: expect.any(String),
      code,
      requestId: headers['x-request-id'],
    });
    expect(status).toBe(expectedStatus);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(text).not.toMatch(/node_modules|at .*\.js:|SELECT|select /);
    if (field !== undefined)
      expect(problem.errors).toContainEqual({ field, detail: expect.stringMatching(/\w+ \w+/) });
  }

  describe.each(FIELDS)('%s: field %s', (path, field) => {
    it.each<[string, unknown]>([
      ['null', null],
      ['a number', 5],
      ['zero', 0],
      ['true', true],
      ['false', false],
      ['an empty list', []],
      ['a list with one address', ['ada@example.com']],
      ['an empty object', {}],
      ['an operator object', { $gt: '' }],
      ['an operator list', { $in: ['a', 'b'] }],
      ['a nested object', { a: { b: 'c' } }],
      ['an empty string', ''],
      ['spaces', '   '],
      ['10 kB', LONG_TEXT],
      ['a NUL', 'ada\u0000@example.com'],
      ['a line feed', 'ada@example.com\nBcc: eve@example.com'],
      ['an escape sequence', '\u001b[2Jada'],
      ['a lone surrogate', '\ud800'],
      ['a template', '{{7*7}}'],
      ['comma-separated addresses', 'a@example.com,b@example.com'],
    ])('rejects %s and names the field', async (_, value) => {
      const reply = await postJson(path, {
        ...validBody(path, field),
        otp: validBody(path).otp,
        [field]: value,
      });
      const { code } = JSON.parse(reply.text) as { code: string };
      expect(['validation_failed', 'email_invalid', 'phone_invalid', 'phone_country_unknown']).toContain(
        code,
      );
      expectProblem(reply, 400, code, field);
    });
  });

  it.each(PATHS)('%s: names missing fields', async (path) => {
    const [phone = '', email] = Object.keys(VALID_FIELDS[path] ?? {});
    const { otp } = validBody(path);
    const withoutAddress = await postJson(path, { ...(otp ? { otp } : {}) });
    expectProblem(withoutAddress, 400, 'validation_failed', phone);
    expectProblem(withoutAddress, 400, 'validation_failed', email);
    expectProblem(await postJson(path, { ...VALID_FIELDS[path] }), 400, 'validation_failed', phone);
    if (otp)
      expectProblem(await postJson(path, { email: 'ada@example.com' }), 400, 'validation_failed', 'otp');
  });

  it.each(PATHS)('%s: rejects unknown fields, including database columns', async (path) => {
    const unknownFields = [
      'role',
      'isAdmin',
      'verified',
      'id',
      'createdAt',
      'attempts',
      'lane',
      'recipient',
      'to',
      'code',
      'phone_Number',
      'Email',
      'email ',
    ];
    for (const field of unknownFields) {
      const reply = await postJson(path, { ...validBody(path), [field]: 'x' });
      expectProblem(reply, 400, 'validation_failed', field.replace(' ', '?'));
    }
  });

  it.each(PATHS)('%s: rejects names of Object.prototype properties', async (path) => {
    const inheritedNames = Object.getOwnPropertyNames(Object.prototype).filter(
      (name) => name !== '__proto__',
    );
    for (const field of inheritedNames) {
      const reply = await postJson(path, { ...validBody(path), [field]: 1 });
      expectProblem(reply, 400, 'validation_failed', field);
    }
    expectProblem(
      await postJson(path, { ...validBody(path), prototype: { x: 1 } }),
      400,
      'validation_failed',
      'prototype',
    );
    for (const text of [
      '{"__proto__": {"x": 1}}',
      '{"__proto__": null}',
      '{"constructor": {"prototype": {"x": 1}}}',
      '{"email": "ada@example.com", "__proto__": {"email": "eve@example.com"}}',
      '{"email": "ada@example.com", "context": {"__proto__": {"x": "1"}}}',
      '{"email": "ada@example.com", "context": {"constructor": {"prototype": {"x": "1"}}}}',
      '{"\\u005f_proto__": {"x": 1}}',
    ])
      expectProblem(await raw(app.url, path, { headers: JSON_TYPE, body: text }), 400, 'malformed_request');
  });

  it.each(PATHS)('%s: rejects bodies that are not a JSON object', async (path) => {
    for (const text of [
      '{',
      '{"email":}',
      "{'email':'x'}",
      '{"a":1,}',
      'NaN',
      '\u0000',
      '{"a":"\u0001"}',
      'undefined',
    ])
      expectProblem(await raw(app.url, path, { headers: JSON_TYPE, body: text }), 400, 'malformed_request');
    for (const text of ['', 'null', '[]', '[{}]', '1', '"x"', 'true', '1e400'])
      expectProblem(
        await raw(app.url, path, { headers: JSON_TYPE, body: text }),
        400,
        'validation_failed',
        '',
      );
    expectProblem(await raw(app.url, path), 400, 'validation_failed', '');
  });

  it.each(PATHS)('%s: rejects other content types', async (path) => {
    const json = JSON.stringify(validBody(path));
    for (const [type, text] of [
      ['text/plain', json],
      ['application/x-www-form-urlencoded', 'email=ada%40example.com&to[]=x'],
      [
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="email"\r\n\r\na@x.io\r\n--x--',
      ],
      ['application/xml', '<email>ada@example.com</email>'],
      ['application/jsonp', json],
      ['application/vnd.api+json', json],
      ['text/json', json],
      ['application', json],
      ['*/*', json],
    ] as const)
      expectProblem(
        await raw(app.url, path, { headers: { 'content-type': type }, body: text }),
        415,
        'unsupported_type',
      );
    expectProblem(await raw(app.url, path, { body: json }), 415, 'unsupported_type');
  });

  it.each(PATHS)('%s: rejects compressed bodies without unpacking them', async (path) => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, ' '));
    const compressed = gzipSync(JSON.stringify(validBody(path)));
    for (const text of [bomb, compressed])
      for (const encoding of ['gzip', 'deflate', 'br', 'identity']) {
        const reply = await raw(app.url, path, {
          headers: { ...JSON_TYPE, 'content-encoding': encoding },
          body: text,
        });
        expectProblem(reply, 400, 'malformed_request');
      }
  });

  it.each(PATHS)('%s: reads a body of 16 KiB and rejects a larger one', async (path) => {
    const bodyOfSize = (bytes: number) =>
      JSON.stringify({ ...validBody(path), x: '' }).replace(
        /""\}$/,
        (end) =>
          `"${' '.repeat(bytes - JSON.stringify({ ...validBody(path), x: '' }).length)}${end.slice(1)}`,
      );
    expectProblem(
      await raw(app.url, path, { headers: JSON_TYPE, body: bodyOfSize(16_384) }),
      400,
      'validation_failed',
      'x',
    );
    for (const bytes of [16_385, 100_000, 1_000_000]) {
      const reply = await raw(app.url, path, { headers: JSON_TYPE, body: bodyOfSize(bytes) });
      expectProblem(reply, 413, 'body_too_large');
      // Closing the connection while the body still arrives could lose the reply.
      expect(reply.headers.connection).not.toBe('close');
    }
    const chunked = await raw(app.url, path, {
      headers: { ...JSON_TYPE, 'transfer-encoding': 'chunked' },
      body: bodyOfSize(20_000),
    });
    expectProblem(chunked, 413, 'body_too_large');
  });

  it.each(PATHS)('%s: rejects deep nesting and many keys without delay', async (path) => {
    const deepObjects = `${'{"a":'.repeat(2_700)}1${'}'.repeat(2_700)}`;
    const deepLists = `${'['.repeat(8_000)}${']'.repeat(8_000)}`;
    const manyKeys = JSON.stringify(
      Object.fromEntries(Array.from({ length: 1_300 }, (_, i) => [`a${i}`, 1])),
    );
    const manyKeysInContext = JSON.stringify({
      ...validBody(path),
      context: JSON.parse(manyKeys) as object,
    });
    for (const text of [
      deepObjects,
      deepLists,
      manyKeys,
      manyKeysInContext,
      `{"email":${deepObjects}}`,
      `{"email":"ada@example.com","context":${deepObjects}}`,
    ]) {
      const start = performance.now();
      const reply = await raw(app.url, path, { headers: JSON_TYPE, body: text });
      expect(performance.now() - start).toBeLessThan(1_000);
      expectProblem(reply, 400, 'validation_failed');
    }
  });

  it.each(PATHS)('%s: rejects long repetitive text without delay', async (path) => {
    for (const [field, fragment] of FIELDS.filter(([fieldPath]) => fieldPath === path).flatMap(([, name]) =>
      ['a.', '+1 ', 'a@', ' ', '(', '0', '\u0300'].map((text): [string, string] => [name, text]),
    )) {
      const start = performance.now();
      const text = fragment.repeat(Math.floor(15_000 / Buffer.byteLength(fragment)));
      const reply = await postJson(path, {
        ...validBody(path, field),
        otp: validBody(path).otp,
        [field]: text,
      });
      expect(performance.now() - start).toBeLessThan(500);
      expectProblem(reply, 400, 'validation_failed', field);
    }
  });

  it('treats SQL as plain text', async () => {
    const countChallenges = async () => {
      const [row] = await app.sql<{ count: string }>('select count(*)::text as count from challenges');
      return Number(row?.count);
    };
    const before = await countChallenges();
    let sentCount = 0;
    for (const [index, sql] of SQL_INJECTIONS.entries()) {
      const context = { note: sql };
      const replies = [
        ...(await Promise.all(
          FIELDS.filter(([, field]) => field !== 'context').map(([path, field]) =>
            postJson(path, { ...validBody(path, field), otp: validBody(path).otp, [field]: sql }),
          ),
        )),
        await postJson('/otp/verify', { email: 'ada@example.com', otp: '123456', context }),
        await raw(app.url, `/otp/challenges/${encodeURIComponent(sql)}`, { method: 'GET' }),
      ];
      for (const reply of replies) expect([400, 404]).toContain(reply.status);
      const inbox = await raw(app.url, `/inbox/messages?to=${encodeURIComponent(sql)}`, {
        method: 'GET',
      });
      expect([inbox.status, inbox.text]).toEqual([200, '[]']);
      // SQL that is valid in an address or a context is stored and returned unchanged.
      const start = performance.now();
      const email = `or'1'='1'--${index}@example.com`;
      expect((await postJson('/otp/generate', { email, context })).status).toBe(200);
      expect(performance.now() - start).toBeLessThan(3_000);
      sentCount++;
      await app.code(email);
      const [message] = await app.messages(email);
      expect(message?.text).toContain(`note: ${sql}`);
    }
    expect(await countChallenges()).toBe(before + sentCount);
  });

  it('rejects other methods with 405 and the allowed method', async () => {
    const getPaths = [
      '/health',
      '/health/ready',
      '/otp/challenges/0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001',
      '/.well-known/jwks.json',
      '/inbox',
      '/inbox/messages',
      '/docs',
      '/openapi.json',
    ];
    const otherMethods = (allowed: string) =>
      ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'].filter((method) => method !== allowed);
    for (const [path, allowed] of [
      ...PATHS.map((path) => [path, 'POST'] as const),
      ...getPaths.map((path) => [path, 'GET'] as const),
    ])
      for (const method of otherMethods(allowed)) {
        const reply = await raw(app.url, `${path}?x`, { method });
        expectProblem(reply, 405, 'method_not_allowed');
        expect(reply.headers.allow).toMatch(new RegExp(`^${allowed}\\b`));
      }
  });

  it('answers other spellings of a path with 404 or with the same handler', async () => {
    const text = JSON.stringify({ email: 'ada@example.com' });
    for (const path of [
      '/otp/verify/',
      '//otp/verify',
      '/otp//verify',
      '/OTP/verify',
      '/otp/Verify',
      '/otp/verify;x',
      '/otp/verify;x=1',
      '/./otp/verify',
      '/otp/./verify',
      '/x/../otp/verify',
      '/otp/verify%00',
      '/otp%2fverify',
      '/otp\\verify',
      '/otp/verify%20',
      '/otp/verify.json',
      '*',
    ])
      expectProblem(await raw(app.url, path, { headers: JSON_TYPE, body: text }), 404, 'route_not_found');
    for (const path of [
      '/otp/%76erify',
      '/%6ftp/verify',
      '/otp/verify?x=1',
      '/otp/verify?email=eve@example.com',
      '/otp/verify#x',
    ])
      expectProblem(
        await raw(app.url, path, { headers: JSON_TYPE, body: text }),
        400,
        'validation_failed',
        'otp',
      );
  });

  it('rejects unreadable paths with a problem document', async () => {
    for (const path of [
      '/otp/challenges/%zz',
      '/%',
      '/otp/verify%c0%af',
      `/otp/challenges/${'a'.repeat(101)}`,
      `/otp/challenges/${'a'.repeat(8_000)}`,
    ]) {
      const reply = await raw(app.url, path, { method: 'GET' });
      const { code } = JSON.parse(reply.text) as { code: string };
      expect(['malformed_request', 'route_not_found']).toContain(code);
      expectProblem(reply, reply.status, code);
      expect([400, 404]).toContain(reply.status);
    }
  });

  it('rejects unknown, repeated and overlong query parameters', async () => {
    for (const [query, field] of [
      ['to=a&to=b', 'to'],
      ['to[]=a', 'to??'],
      ['to[$ne]=a', 'to??ne?'],
      ['x=1', 'x'],
      [`to=${'a'.repeat(300)}`, 'to'],
      ['constructor=1', 'constructor'],
      ['hasOwnProperty=1', 'hasOwnProperty'],
    ] as const) {
      const reply = await raw(app.url, `/inbox/messages?${query}`, { method: 'GET' });
      expectProblem(reply, 400, 'validation_failed', field.startsWith('to?') ? undefined : field);
    }
    const protoReply = await raw(app.url, '/inbox/messages?__proto__[x]=1&__proto__=1', {
      method: 'GET',
    });
    expect([200, 400]).toContain(protoReply.status);
  });

  it.each([
    ['bytes that are not HTTP', 'hello\r\n\r\n'],
    ['an unknown method', 'FOO /health HTTP/1.1\r\nhost: a\r\n\r\n'],
    [
      'two Content-Length headers',
      'POST /otp/verify HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
    ],
    [
      'Content-Length with chunked encoding',
      'POST /otp/verify HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['overlong headers', `GET /health HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('answers %s with a problem document and closes the connection', async (_, rawRequest) => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.write(rawRequest);
    const reply = await text(socket);
    expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(reply).toMatch(/content-type: application\/problem\+json/i);
    expect(JSON.parse(reply.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      code: 'malformed_request',
      status: 400,
    });
  });

  it('keeps markup of callers out of the inbox page and escapes it in mails', async () => {
    const email = 'markup@example.com';
    const note = '<script>alert(1)</script><b>{{7*7}}</b>';
    expect((await postJson('/otp/generate', { email, context: { note } })).status).toBe(200);
    await app.code(email);
    const [mail] = await app.messages(email);
    expect(mail?.text).toContain(note);
    expect(mail?.html).not.toContain('<script>alert');
    expect(mail?.html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    const searchPage = await raw(app.url, `/inbox?to=${encodeURIComponent('"><script>alert(1)</script>')}`, {
      method: 'GET',
    });
    expect(searchPage.text).not.toContain('<script>alert');
  });

  it('logs no error and stores no challenge for rejected requests', async () => {
    expect(app.log).not.toMatch(/ERROR|FATAL/);
    expect(
      await app.sql(
        `select from challenges where recipient = 'phone:+14155550123' or recipient = 'email:ada@example.com'`,
      ),
    ).toEqual([]);
  });
});
