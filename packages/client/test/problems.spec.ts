import { createClient, memoryStorage, Problem } from '@otp-auth/client';
import { StubServer } from './stub-server.js';

describe('problems', () => {
  let stub: StubServer;
  beforeAll(async () => {
    stub = await StubServer.start();
  });
  afterAll(() => stub?.stop());

  const client = (url = stub.url) => createClient({ url, storage: memoryStorage(), applicationId: 'app_1' });
  const send = (options?: { signal?: AbortSignal }) =>
    client().sendCode({ email: 'ada@example.com' }, options);

  it('carry the members of the reply', async () => {
    const document = {
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'email must be a string.',
      code: 'validation_failed',
      requestId: 'r1',
      errors: [{ field: 'email', detail: 'email must be a string.' }],
    };
    stub.reply = () => ({ status: 400, body: document });
    const problem = await send().catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toBeInstanceOf(Error);
    expect(problem).toMatchObject({
      name: 'Problem',
      message: document.detail,
      code: 'validation_failed',
      status: 400,
      requestId: 'r1',
      errors: document.errors,
    });
  });

  it.each([
    ['the page of a proxy', { status: 502, body: '<html>' }, { code: 'unexpected_reply', status: 502 }],
    ['an empty reply', { status: 500, body: '' }, { code: 'unexpected_reply', status: 500 }],
    ['JSON of another program', { status: 403, body: ['no'] }, { code: 'unexpected_reply', status: 403 }],
    ['null', { status: 403, body: null }, { code: 'unexpected_reply', status: 403 }],
    [
      'Retry-After without a document',
      { status: 429, body: 'slow down', headers: { 'retry-after': '17' } },
      { code: 'unexpected_reply', status: 429, retryAfter: 17 },
    ],
  ])('stand for %s', async (_, reply, expected) => {
    stub.reply = () => reply;
    await expect(send()).rejects.toMatchObject({ name: 'Problem', ...expected });
  });

  it('stand for a server that cannot be reached', async () => {
    const gone = await StubServer.start();
    await gone.stop();
    const problem = await client(gone.url)
      .sendCode({ email: 'ada@example.com' })
      .catch((error: unknown) => error);
    expect(problem).toMatchObject({ code: 'network_error', status: 0, cause: expect.anything() });
  });

  it('do not hide that the caller gave up', async () => {
    const stop = new AbortController();
    stub.reply = () => {
      stop.abort(new Error('the form was closed'));
      return { status: 500 };
    };
    await expect(send({ signal: stop.signal })).rejects.toThrow('the form was closed');
    await expect(send({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('name the application with every request', async () => {
    stub.requests.length = 0;
    stub.reply = () => ({ status: 500 });
    await send().catch(() => undefined);
    expect(stub.requests[0]?.headers['x-application-id']).toBe('app_1');
  });

  it('of a stream make the client ask for the status instead', async () => {
    const status = (delivery: string, state = 'pending') => ({ id: 'c1', status: state, delivery });
    const replies = [status('queued'), status('sent'), status('sent'), status('delivered', 'approved')];
    stub.reply = ({ path }) => {
      if (path === '/auth/send_otp') return { body: { challenge: { id: 'c1' } } };
      if (path.endsWith('/events')) return { status: 429, headers: { 'retry-after': '0.01' }, body: '' };
      return { body: replies.shift() };
    };
    const challenge = await send();
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      challenge.delivery(({ delivery, status }) => {
        seen.push(delivery);
        if (status === 'approved') resolve();
      });
    });
    expect(seen).toEqual(['queued', 'sent', 'delivered']);
  });
});
