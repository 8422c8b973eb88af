import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expectShortTimeouts, failureOf, SHORT_TIMEOUT_SECONDS, shown } from '../../test/support/adapters.js';
import { PrivateCa } from '../../test/support/certificates.js';
import { MailServer, type MailFault } from '../../test/support/mail-server.js';
import { TokenEndpoint, type TokenAnswer } from '../../test/support/token-endpoint.js';
import { until } from '../../test/support/until.js';
import { DeliveryError, type DeliveryFailure } from '../common/delivery.js';
import { Config } from '../config/config.js';
import { SmtpMailer } from './smtp.mailer.js';

const ID = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';

describe('SmtpMailer', () => {
  let server: MailServer;
  beforeAll(async () => {
    server = await MailServer.start();
  });
  afterAll(() => server.stop());
  afterEach(() => server.heal());

  const mailers: SmtpMailer[] = [];
  afterEach(() => mailers.splice(0).forEach((each) => each.close()));
  const mailer = (SMTP_URL: string, timeoutSeconds?: number, settings: Record<string, string> = {}) => {
    const created = new SmtpMailer(
      Config.from({ MAIL_PROVIDER: 'smtp', SMTP_URL, MAIL_FROM: 'Codes <codes@example.org>', ...settings }),
      timeoutSeconds,
    );
    mailers.push(created);
    return created;
  };
  const mailTo = (to: string) => ({
    messageId: ID,
    to,
    subject: '481516 is your code',
    text: 'Your code is 481516',
    html: '<p>Your code is 481516</p>',
    locale: 'de' as const,
    validSeconds: 299,
  });
  const send = (to: string, url = server.url, timeoutSeconds?: number) =>
    mailer(url, timeoutSeconds).send(mailTo(to));
  const failure = (to: string, url?: string) => failureOf(send(to, url));

  it('sends both bodies under a Message-ID that is the same in every attempt', async () => {
    const reference = await send('ada@example.com');

    const { from, raw } = await server.mail('ada@example.com');
    expect(from).toBe('codes@example.org');
    expect(reference).toBe(`<${ID}@example.org>`);
    expect(raw).toContain(`Message-ID: ${reference}`);
    for (const line of [
      'From: Codes <codes@example.org>',
      'To: ada@example.com',
      'Subject: 481516 is your code',
      'Auto-Submitted: auto-generated',
      'Content-Language: de',
      'Your code is 481516',
      '<p>Your code is 481516</p>',
    ])
      expect(raw).toContain(line);
  });

  const replies: [string, MailFault, DeliveryFailure, boolean, number][] = [
    ['no such mailbox', { step: 'to', reply: [550, '5.1.1 No such user'] }, 'rejected', false, 550],
    ['no reason', { step: 'to', reply: [550, 'No such user at 10.5.7.1'] }, 'rejected', false, 550],
    ['blocked by a policy', { step: 'to', reply: [550, '5.7.1 Relaying denied'] }, 'rejected', true, 5.7],
    ['blocked by DMARC', { step: 'to', reply: [553, '5.7.26 Unauthenticated'] }, 'rejected', true, 5.7],
    ['a full mailbox', { step: 'to', reply: [552, '5.2.2 Mailbox full'] }, 'rejected', true, 552],
    ['grey-listed', { step: 'to', reply: [450, '4.7.1 Try again later'] }, 'unavailable', false, 450],
    ['content refused', { step: 'data', reply: [554, '5.7.1 Looks like spam'] }, 'rejected', true, 5.7],
    ['text refused', { step: 'data', reply: [550, '5.6.0 No thanks'] }, 'rejected', true, 550],
    ['a full disk', { step: 'data', reply: [452, '4.3.1 Insufficient storage'] }, 'unavailable', false, 452],
  ];
  it.each(replies)('translates "%s"', async (_, fault, kind, retryElsewhere, vendorCode) => {
    server.behave('bob@example.com', fault);
    const error = await failure('bob@example.com');
    expect(error).toMatchObject({
      name: 'DeliveryError',
      failure: kind,
      retryElsewhere,
      vendorCode,
      unexpected: false,
    });
    expect(shown(error)).not.toMatch(/481516|bob@|5\.7\.1|pass/);
  });

  it.each([521, 555, 556])('takes the unknown reply %i for a refusal of this message', async (code) => {
    for (const step of ['to', 'data'] as const) {
      server.behave('bob@example.com', { step, reply: [code, 'No'] });
      expect(await failure('bob@example.com')).toMatchObject({
        failure: 'rejected',
        retryElsewhere: true,
        unexpected: true,
        vendorCode: code,
      });
    }
  });

  it('translates a refused sender, a wrong password and an unreachable server', async () => {
    server.behave('*', { step: 'from', reply: [553, '5.1.8 Sender refused'] });
    expect(await failure('carol@example.com')).toMatchObject({
      failure: 'misconfigured',
      vendorCode: 553,
    });

    const wrongPassword = await failure(
      'carol@example.com',
      server.url.replace('pass%2Bword', 'hunter2hunter2'),
    );
    expect(wrongPassword).toMatchObject({ failure: 'misconfigured', vendorCode: 535 });
    const unreachable = [
      await failure('carol@example.com', 'smtp://codes:hunter2hunter2@127.0.0.1:1'),
      await failure('carol@example.com', 'smtp://codes:hunter2hunter2@vendor.invalid'),
    ];
    for (const error of unreachable) expect(error).toMatchObject({ failure: 'unavailable' });
    for (const error of [wrongPassword, ...unreachable]) {
      expect(error).toBeInstanceOf(DeliveryError);
      expect(shown(error)).not.toMatch(/hunter2|carol|127\.0\.0\.1:1\b|481516/);
    }
  });

  it('sends nothing to a server whose certificate it cannot verify', async () => {
    const impostor = await MailServer.start({ secure: true });
    expect(await failure('dan@example.com', impostor.url)).toMatchObject({
      failure: 'misconfigured',
    });
    expect(impostor.mails).toEqual([]);
    await impostor.stop();
  });

  it('times out at every step where the server can hang', async () => {
    const silentServer = createServer(() => undefined);
    await new Promise<void>((resolve) => silentServer.listen(0, '127.0.0.1', resolve));
    const steps = ['to', 'data'] as const;
    steps.forEach((step) => server.behave(`hang-${step}@example.com`, { step, reply: 'none' }));

    const sendBriefly = (to: string, url = server.url) => failureOf(send(to, url, SHORT_TIMEOUT_SECONDS));
    await expectShortTimeouts(() =>
      Promise.all([
        sendBriefly('hang@example.com', `smtp://127.0.0.1:${port(silentServer)}`),
        ...steps.map((step) => sendBriefly(`hang-${step}@example.com`)),
      ]),
    );
    silentServer.close();
  });

  describe('connections', () => {
    it('sends 40 mails at once over the three connections that the server allows', async () => {
      const small = await MailServer.start({ maxClients: 3, latencyMs: 20 });
      const pool = mailer(small.url);
      const recipients = Array.from({ length: 40 }, (_, index) => `person-${index}@example.com`);
      await Promise.all(recipients.map((to) => pool.send(mailTo(to))));

      expect(small.mails.map(({ to }) => to).sort()).toEqual([...recipients].sort());
      expect([small.peak, small.opened]).toEqual([3, 3]);
      await small.stop();
    });

    it('keeps to SMTP_MAX_CONNECTIONS', async () => {
      const small = await MailServer.start({ maxClients: 1 });
      const pool = mailer(small.url, undefined, { SMTP_MAX_CONNECTIONS: '1' });
      await Promise.all(['a', 'b', 'c', 'd'].map((name) => pool.send(mailTo(`${name}@example.com`))));
      expect([small.mails.length, small.opened]).toEqual([4, 1]);
      await small.stop();
    });

    it('uses a connection again after the server refused a mail or closed the connection', async () => {
      const own = await MailServer.start();
      const pool = mailer(own.url, undefined, { SMTP_MAX_CONNECTIONS: '1' });
      own.behave('bad@example.com', { step: 'to', reply: [550, '5.1.1 No such user'] });
      await pool.send(mailTo('first@example.com'));
      expect(await failureOf(pool.send(mailTo('bad@example.com')))).toMatchObject({ failure: 'rejected' });
      await pool.send(mailTo('second@example.com'));
      expect(own.opened).toBe(1);

      own.dropConnections();
      await pool.send(mailTo('third@example.com'));
      expect(own.mails.map(({ to }) => to)).toEqual([
        'first@example.com',
        'second@example.com',
        'third@example.com',
      ]);
      await own.stop();
    });

    it.each(['to', 'data'] as const)(
      'frees a connection that hangs at "%s" and never sends a mail that waited too long for it',
      async (step) => {
        const own = await MailServer.start();
        own.behave('hang@example.com', { step, reply: 'none' });
        const pool = mailer(own.url, SHORT_TIMEOUT_SECONDS, { SMTP_MAX_CONNECTIONS: '1' });
        const waiting = ['waited@example.com', 'waited-too@example.com'];
        const [, ...errors] = await Promise.all([
          expectShortTimeouts(async () => [await failureOf(pool.send(mailTo('hang@example.com')))]),
          ...waiting.map((to) => failureOf(pool.send(mailTo(to)))),
        ]);
        for (const error of errors) expect(error).toMatchObject({ failure: 'throttled' });
        await pool.send(mailTo('next@example.com'));
        expect(own.mails.map(({ to }) => to)).toEqual(['next@example.com']);
        await own.stop();
      },
    );

    it('sends no mail without knowing it when the server is too slow for all', async () => {
      const slow = await MailServer.start({ latencyMs: 200 });
      const pool = mailer(slow.url, 2, { SMTP_MAX_CONNECTIONS: '1' });
      const recipients = Array.from({ length: 20 }, (_, index) => `person-${index}@example.com`);
      const results = await Promise.all(recipients.map((to) => failureOf(pool.send(mailTo(to)))));

      const sent = recipients.filter((_, index) => results[index] === 'sent');
      expect(sent.length).toBeGreaterThan(0);
      for (const error of results.filter((result) => result !== 'sent'))
        expect(error).toMatchObject({ failure: 'throttled' });
      await pool.send(mailTo('next@example.com'));
      expect(slow.mails.map(({ to }) => to)).toEqual([...sent, 'next@example.com']);
      await slow.stop();
    });

    it('closes unused connections and sends nothing more after close', async () => {
      const own = await MailServer.start();
      const pool = mailer(own.url);
      await pool.send(mailTo('last@example.com'));
      expect(own.open).toBe(1);
      pool.close();
      await until('the connection is closed', () => own.open === 0);
      expect(await failureOf(pool.send(mailTo('late@example.com')))).toMatchObject({
        failure: 'unavailable',
      });
      expect(own.mails).toHaveLength(1);
      await own.stop();
    });
  });

  describe('with a private CA', () => {
    let ca: PrivateCa;
    let relay: MailServer;
    beforeAll(async () => {
      ca = new PrivateCa();
      relay = await MailServer.start({ secure: true, ...ca.server });
    });
    afterAll(async () => {
      await relay.stop();
      ca.remove();
    });

    it('sends to a server whose certificate is from SMTP_CA_FILE', async () => {
      await mailer(relay.url, undefined, { SMTP_CA_FILE: ca.caFile }).send(mailTo('ada@example.com'));
      expect(relay.mails.map(({ to }) => to)).toEqual(['ada@example.com']);
    });

    it('sends nothing without the CA or with another one', async () => {
      const other = new PrivateCa();
      const cases: Record<string, string>[] = [{}, { SMTP_CA_FILE: other.caFile }];
      for (const settings of cases)
        expect(
          await failureOf(mailer(relay.url, undefined, settings).send(mailTo('bob@example.com'))),
        ).toEqual(expect.objectContaining({ failure: 'misconfigured' }));
      expect(relay.mails.filter(({ to }) => to === 'bob@example.com')).toEqual([]);
      other.remove();
    });
  });

  describe('with OAuth 2.0', () => {
    let own: MailServer;
    let endpoint: TokenEndpoint;
    beforeEach(async () => {
      own = await MailServer.start();
      endpoint = await TokenEndpoint.start((token) => own.accessTokens.add(token));
    });
    afterEach(async () => {
      await own.stop();
      await endpoint.stop();
    });
    const oauthMailer = (settings: Record<string, string> = {}, timeoutSeconds?: number) =>
      // The password in the URL is wrong, and is not used.
      mailer(own.url.replace('pass%2Bword', 'hunter2hunter2'), timeoutSeconds, {
        ...endpoint.settings,
        ...settings,
      });

    it('gets one token for all connections and sends with it', async () => {
      const pool = oauthMailer();
      const names = ['a', 'b', 'c', 'd', 'e', 'f'];
      await Promise.all(names.map((name) => pool.send(mailTo(`${name}@example.com`))));
      expect(own.mails).toHaveLength(6);
      expect(own.opened).toBe(3);
      expect(endpoint.requests).toEqual([
        {
          grant_type: 'refresh_token',
          client_id: 'client-1',
          client_secret: 'client-secret-71d0',
          refresh_token: 'refresh-token-93ab',
        },
      ]);
    });

    it('gets a new token when the mail server refuses the old one', async () => {
      const pool = oauthMailer({ SMTP_MAX_CONNECTIONS: '1' });
      await pool.send(mailTo('first@example.com'));
      own.accessTokens.clear();
      own.dropConnections();
      await pool.send(mailTo('second@example.com'));
      expect(own.mails).toHaveLength(2);
      expect(endpoint.tokens).toHaveLength(2);
    });

    it('gets a new token before the old one ends', async () => {
      endpoint.answer = { status: 200, body: '{"access_token":"short","expires_in":60}' };
      own.accessTokens.add('short');
      const pool = oauthMailer({ SMTP_MAX_CONNECTIONS: '1' });
      await pool.send(mailTo('first@example.com'));
      own.dropConnections();
      await pool.send(mailTo('second@example.com'));
      expect(endpoint.requests).toHaveLength(2);
    });

    const json = (status: number, body: object) => ({ status, body: JSON.stringify(body) });
    const redirect = { status: 302, body: '', headers: { location: 'http://169.254.169.254/' } };
    const faults: [string, TokenAnswer | 'hang', DeliveryFailure][] = [
      [
        'an expired refresh token',
        json(400, { error: 'invalid_grant', d: 'refresh-token-93ab' }),
        'misconfigured',
      ],
      [
        'a wrong client secret',
        json(401, { error: 'invalid_client', d: 'client-secret-71d0' }),
        'misconfigured',
      ],
      ['a forbidden client', json(403, {}), 'misconfigured'],
      ['a wrong URL', json(404, {}), 'misconfigured'],
      ['a redirect', redirect, 'misconfigured'],
      ['too many requests', json(429, {}), 'throttled'],
      ['an error', json(500, {}), 'unavailable'],
      ['an outage', { status: 503, body: '<html>client-secret-71d0</html>' }, 'unavailable'],
      ['an answer without a token', json(200, { token: 'x' }), 'unavailable'],
      ['a token that is no text', json(200, { access_token: 7 }), 'unavailable'],
      ['an answer that is no JSON', { status: 200, body: 'refresh-token-93ab' }, 'unavailable'],
      ['an answer that is no object', { status: 200, body: 'null' }, 'unavailable'],
      ['no answer', 'hang', 'timeout'],
    ];
    it.each(faults)('translates %s from the token endpoint', async (_, answer, kind) => {
      endpoint.answer = answer;
      const timeout = answer === 'hang' ? SHORT_TIMEOUT_SECONDS : undefined;
      const error = await failureOf(oauthMailer({}, timeout).send(mailTo('ada@example.com')));
      expect(error).toMatchObject({ name: 'DeliveryError', failure: kind });
      expect(shown(error)).not.toMatch(/client-secret|refresh-token|hunter2|invalid_|169\.254|ada@/);
      expect(own.mails).toEqual([]);
    });

    it('translates an unreachable token endpoint and a token that the server always refuses', async () => {
      const SMTP_OAUTH2_TOKEN_URL = 'http://127.0.0.1:1/token';
      const unreachable = await failureOf(
        oauthMailer({ SMTP_OAUTH2_TOKEN_URL }).send(mailTo('ada@example.com')),
      );
      expect(unreachable).toMatchObject({ failure: 'unavailable' });

      endpoint.answer = { status: 200, body: '{"access_token":"access-token-unknown","expires_in":3600}' };
      const refused = await failureOf(oauthMailer().send(mailTo('ada@example.com')));
      expect(refused).toMatchObject({ failure: 'misconfigured', vendorCode: 535 });
      expect(shown(refused)).not.toMatch(/client-secret|refresh-token|access-token|hunter2/);
    });
  });

  it('waits eight seconds by default', () => {
    expect(mailer(server.url).timeoutSeconds).toBe(8);
  });
});

function port(server: Server): number {
  return (server.address() as AddressInfo).port;
}
