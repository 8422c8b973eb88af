import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expectShortTimeouts, failureOf, SHORT_TIMEOUT_SECONDS, shown } from '../../test/support/adapters.js';
import { MailServer, type MailFault } from '../../test/support/mail-server.js';
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

  const mailer = (SMTP_URL: string, timeoutSeconds?: number) =>
    new SmtpMailer(
      Config.from({ MAIL_PROVIDER: 'smtp', SMTP_URL, MAIL_FROM: 'Codes <codes@example.org>' }),
      timeoutSeconds,
    );
  const send = (to: string, url = server.url, timeoutSeconds?: number) =>
    mailer(url, timeoutSeconds).send({
      messageId: ID,
      to,
      subject: '481516 is your code',
      text: 'Your code is 481516',
      html: '<p>Your code is 481516</p>',
      locale: 'de',
      validSeconds: 299,
    });
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

  it('waits eight seconds by default', () => {
    expect(mailer(server.url).timeoutSeconds).toBe(8);
  });
});

function port(server: Server): number {
  return (server.address() as AddressInfo).port;
}
