import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { TestApp } from '../support/app.js';
import { raw, rawJson, type RawReply } from '../support/raw.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const LONG = 'x'.repeat(10_000);

/** Every route that takes a body, with one that is good but for being about nothing. */
const ROUTES: Record<string, Record<string, unknown>> = {
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
const PATHS = Object.keys(ROUTES);
const FIELDS = PATHS.flatMap((path) =>
  Object.keys(ROUTES[path] ?? {}).map((field): [string, string] => [path, field]),
);

/** A good body with one address, that of the field if it is one. */
function body(path: string, field?: string): Record<string, unknown> {
  const { phone, phone_number, email, ...rest } = ROUTES[path] ?? {};
  if (field === 'phone') return { phone };
  if (field === 'phone_number') return { phone_number };
  return { email, ...rest };
}

const SQL = [
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

  const send = (path: string, value: unknown) => rawJson(app.url, path, value);

  function expectProblem(
    { status, headers, text }: RawReply,
    wanted: number,
    code: string,
    field?: string,
  ): void {
    const problem = JSON.parse(text) as Record<string, unknown>;
    expect(problem).toMatchObject({
      type: 'about:blank',
      title: expect.any(String),
      status: wanted,
      detail: expect.any(String),
      code,
      requestId: headers['x-request-id'],
    });
    expect(status).toBe(wanted);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(text).not.toMatch(/node_modules|at .*\.js:|SELECT|select /);
    if (field !== undefined)
      expect(problem.errors).toContainEqual({ field, detail: expect.stringMatching(/\w+ \w+/) });
  }

  describe.each(FIELDS)('%s: the field %s', (path, field) => {
    it.each<[string, unknown]>([
      ['null', null],
      ['a number', 5],
      ['zero', 0],
      ['true', true],
      ['false', false],
      ['a list', []],
      ['a list of one (I0c)', ['ada@example.com']],
      ['an empty object', {}],
      ['an operator object (I2)', { $gt: '' }],
      ['an operator list (I2)', { $in: ['a', 'b'] }],
      ['a nested object', { a: { b: 'c' } }],
      ['an empty string', ''],
      ['blanks', '   '],
      ['10 kB', LONG],
      ['a NUL', 'ada\u0000@example.com'],
      ['a line feed', 'ada@example.com\nBcc: eve@example.com'],
      ['an escape sequence', '\u001b[2Jada'],
      ['a lone surrogate', '\ud800'],
      ['a template (I7)', '{{7*7}}'],
      ['a list of addresses (I0c)', 'a@example.com,b@example.com'],
    ])('is refused by name as %s (I2, I4, I8)', async (_, value) => {
      const reply = await send(path, { ...body(path, field), otp: body(path).otp, [field]: value });
      const { code } = JSON.parse(reply.text) as { code: string };
      expect(['validation_failed', 'email_invalid', 'phone_invalid', 'phone_country_unknown']).toContain(
        code,
      );
      expectProblem(reply, 400, code, field);
    });
  });

  it.each(PATHS)('%s: missing fields are named', async (path) => {
    const [phone = '', email] = Object.keys(ROUTES[path] ?? {});
    const { otp } = body(path);
    const withoutAddress = await send(path, { ...(otp ? { otp } : {}) });
    expectProblem(withoutAddress, 400, 'validation_failed', phone);
    expectProblem(withoutAddress, 400, 'validation_failed', email);
    expectProblem(await send(path, { ...ROUTES[path] }), 400, 'validation_failed', phone);
    if (otp) expectProblem(await send(path, { email: 'ada@example.com' }), 400, 'validation_failed', 'otp');
  });

  it.each(PATHS)('%s: unknown fields are refused, those of the database too (M1, API3)', async (path) => {
    const unknown = [
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
    for (const field of unknown) {
      const reply = await send(path, { ...body(path), [field]: 'x' });
      expectProblem(reply, 400, 'validation_failed', field.replace(' ', '?'));
    }
  });

  it.each(PATHS)('%s: names that objects have by themselves are refused (I3)', async (path) => {
    const own = Object.getOwnPropertyNames(Object.prototype).filter((name) => name !== '__proto__');
    for (const field of own) {
      const reply = await send(path, { ...body(path), [field]: 1 });
      expectProblem(reply, 400, 'validation_failed', field);
    }
    expectProblem(
      await send(path, { ...body(path), prototype: { x: 1 } }),
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

  it.each(PATHS)('%s: bodies that are no JSON object are refused (RF8, V31)', async (path) => {
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

  it.each(PATHS)('%s: other types of content are refused (V31)', async (path) => {
    const json = JSON.stringify(body(path));
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

  it.each(PATHS)('%s: compressed bodies are not unpacked (I6)', async (path) => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, ' '));
    const packed = gzipSync(JSON.stringify(body(path)));
    for (const text of [bomb, packed])
      for (const encoding of ['gzip', 'deflate', 'br', 'identity']) {
        const reply = await raw(app.url, path, {
          headers: { ...JSON_TYPE, 'content-encoding': encoding },
          body: text,
        });
        expectProblem(reply, 400, 'malformed_request');
      }
  });

  it.each(PATHS)('%s: a body over 16 KiB is refused, one of 16 KiB is read (I6)', async (path) => {
    const fit = (bytes: number) =>
      JSON.stringify({ ...body(path), x: '' }).replace(
        /""\}$/,
        (end) => `"${' '.repeat(bytes - JSON.stringify({ ...body(path), x: '' }).length)}${end.slice(1)}`,
      );
    expectProblem(
      await raw(app.url, path, { headers: JSON_TYPE, body: fit(16_384) }),
      400,
      'validation_failed',
      'x',
    );
    for (const bytes of [16_385, 100_000, 1_000_000]) {
      const reply = await raw(app.url, path, { headers: JSON_TYPE, body: fit(bytes) });
      expectProblem(reply, 413, 'body_too_large');
      // Closed while the body still arrives, the connection would be reset and the reply lost now and then.
      expect(reply.headers.connection).not.toBe('close');
    }
    const chunked = await raw(app.url, path, {
      headers: { ...JSON_TYPE, 'transfer-encoding': 'chunked' },
      body: fit(20_000),
    });
    expectProblem(chunked, 413, 'body_too_large');
  });

  it.each(PATHS)('%s: deep nesting and many keys are refused at once (I5, I6)', async (path) => {
    const deep = `${'{"a":'.repeat(2_700)}1${'}'.repeat(2_700)}`;
    const lists = `${'['.repeat(8_000)}${']'.repeat(8_000)}`;
    const many = JSON.stringify(Object.fromEntries(Array.from({ length: 1_300 }, (_, i) => [`a${i}`, 1])));
    const manyInContext = JSON.stringify({ ...body(path), context: JSON.parse(many) as object });
    for (const text of [
      deep,
      lists,
      many,
      manyInContext,
      `{"email":${deep}}`,
      `{"email":"ada@example.com","context":${deep}}`,
    ]) {
      const start = performance.now();
      const reply = await raw(app.url, path, { headers: JSON_TYPE, body: text });
      expect(performance.now() - start).toBeLessThan(1_000);
      expectProblem(reply, 400, 'validation_failed');
    }
  });

  it.each(PATHS)('%s: long repetitive text costs no time (I5)', async (path) => {
    for (const [field, unit] of FIELDS.filter(([of]) => of === path).flatMap(([, name]) =>
      ['a.', '+1 ', 'a@', ' ', '(', '0', '\u0300'].map((text): [string, string] => [name, text]),
    )) {
      const start = performance.now();
      const text = unit.repeat(Math.floor(15_000 / Buffer.byteLength(unit)));
      const reply = await send(path, { ...body(path, field), otp: body(path).otp, [field]: text });
      expect(performance.now() - start).toBeLessThan(500);
      expectProblem(reply, 400, 'validation_failed', field);
    }
  });

  it('SQL is text like any other (I1)', async () => {
    const challenges = async () => {
      const [row] = await app.sql<{ count: string }>('select count(*)::text as count from challenges');
      return Number(row?.count);
    };
    const before = await challenges();
    let sent = 0;
    for (const [index, sql] of SQL.entries()) {
      const context = { note: sql };
      const replies = [
        ...(await Promise.all(
          FIELDS.filter(([, field]) => field !== 'context').map(([path, field]) =>
            send(path, { ...body(path, field), otp: body(path).otp, [field]: sql }),
          ),
        )),
        await send('/otp/verify', { email: 'ada@example.com', otp: '123456', context }),
        await raw(app.url, `/otp/challenges/${encodeURIComponent(sql)}`, { method: 'GET' }),
      ];
      for (const reply of replies) expect([400, 404]).toContain(reply.status);
      const inbox = await raw(app.url, `/inbox/messages?to=${encodeURIComponent(sql)}`, { method: 'GET' });
      expect([inbox.status, inbox.text]).toEqual([200, '[]']);
      // What an address or a context may hold goes in and comes out as it is.
      const start = performance.now();
      const email = `or'1'='1'--${index}@example.com`;
      expect((await send('/otp/generate', { email, context })).status).toBe(200);
      expect(performance.now() - start).toBeLessThan(3_000);
      sent++;
      await app.code(email);
      const [message] = await app.messages(email);
      expect(message?.text).toContain(`note: ${sql}`);
    }
    expect(await challenges()).toBe(before + sent);
  });

  it('another method is refused with those there are (V31)', async () => {
    const gets = [
      '/health',
      '/health/ready',
      '/otp/challenges/0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001',
      '/.well-known/jwks.json',
      '/inbox',
      '/inbox/messages',
      '/docs',
      '/openapi.json',
    ];
    const wrong = (allowed: string) =>
      ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'].filter((method) => method !== allowed);
    for (const [path, allowed] of [
      ...PATHS.map((path) => [path, 'POST'] as const),
      ...gets.map((path) => [path, 'GET'] as const),
    ])
      for (const method of wrong(allowed)) {
        const reply = await raw(app.url, `${path}?x`, { method });
        expectProblem(reply, 405, 'method_not_allowed');
        expect(reply.headers.allow).toMatch(new RegExp(`^${allowed}\\b`));
      }
  });

  it('other spellings of a path reach nothing, or the same (H4)', async () => {
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

  it('paths that cannot be read are refused like everything else (RF8, V38)', async () => {
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

  it('queries are held to their fields (I2, I3, I0c)', async () => {
    for (const [query, field] of [
      ['to=a&to=b', 'to'],
      ['to[]=a', 'to??'],
      ['to[$ne]=a', 'to??ne?'],
      ['x=1', 'x'],
      [`to=${'a'.repeat(300)}`, 'to'],
      ['constructor=1', 'constructor'],
      ['hasOwnProperty=1', 'hasOwnProperty'],
    ] as const)
      for (const path of ['/inbox', '/inbox/messages']) {
        const reply = await raw(app.url, `${path}?${query}`, { method: 'GET' });
        expectProblem(reply, 400, 'validation_failed', field.startsWith('to?') ? undefined : field);
      }
    const proto = await raw(app.url, '/inbox/messages?__proto__[x]=1&__proto__=1', { method: 'GET' });
    expect([200, 400]).toContain(proto.status);
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['an unknown method', 'FOO /health HTTP/1.1\r\nhost: a\r\n\r\n'],
    [
      'two lengths (H2)',
      'POST /otp/verify HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
    ],
    [
      'a length and chunks (H2)',
      'POST /otp/verify HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['endless headers', `GET /health HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('%s is refused by a problem document, and the connection ends (RF8)', async (_, bytes) => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.write(bytes);
    const reply = await text(socket);
    expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(reply).toMatch(/content-type: application\/problem\+json/i);
    expect(JSON.parse(reply.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      code: 'malformed_request',
      status: 400,
    });
  });

  it('markup in the inbox page is text (I7)', async () => {
    const email = 'markup@example.com';
    const note = '<script>alert(1)</script><b>{{7*7}}</b>';
    expect((await send('/otp/generate', { email, context: { note } })).status).toBe(200);
    await app.code(email);
    const page = await raw(app.url, `/inbox?to=${encodeURIComponent(email)}`, { method: 'GET' });
    expect(page.text).not.toContain('<script>alert');
    expect(page.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    const search = await raw(app.url, `/inbox?to=${encodeURIComponent('"><script>alert(1)</script>')}`, {
      method: 'GET',
    });
    expect(search.text).not.toContain('<script>alert');
  });

  it('has cost nothing but its refusals: no error was logged, no row was made', async () => {
    expect(app.log).not.toMatch(/ERROR|FATAL/);
    expect(
      await app.sql(
        `select from challenges where recipient = 'phone:+14155550123' or recipient = 'email:ada@example.com'`,
      ),
    ).toEqual([]);
  });
});
