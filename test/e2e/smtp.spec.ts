import { TestApp } from '../support/app.js';
import { MailServer } from '../support/mail-server.js';
import { describeFailure } from '../../src/notifier/outbox/failure-reasons.js';
import { until } from '../support/until.js';

describe('delivery through a mail server that allows three connections', () => {
  let mail: MailServer;
  let app: TestApp;
  beforeAll(async () => {
    mail = await MailServer.start({ maxClients: 3, latencyMs: 50 });
    app = await TestApp.start({
      MAIL_PROVIDER: 'smtp',
      MAIL_FROM: 'Codes <codes@example.org>',
      SMTP_URL: mail.url,
    });
  });
  afterAll(async () => {
    await app?.stop();
    await mail?.stop();
  });
  afterEach(() => mail.heal());

  const failureOf = async (email: string) => {
    const rows = await app.sql<{ state: string; failure: string | null; attempts: number }>(
      'select state, failure, attempts from messages where recipient = $1',
      [`email:${email}`],
    );
    return rows[0];
  };

  it('delivers 40 codes at once, each in one attempt and one mail', async () => {
    const emails = Array.from({ length: 40 }, (_, index) => `person-${index}@example.com`);
    await Promise.all(emails.map((email) => app.post('/otp/generate', { email }).expect(200)));
    for (const email of emails) {
      const otp = await mail.code(email, 30_000);
      await app.post('/otp/verify', { email, otp }).expect(200);
    }
    expect(mail.mails.map(({ to }) => to).sort()).toEqual([...emails].sort());
    expect(mail.peak).toBe(3);
    const outcomes = () =>
      app.sql<{ state: string; attempts: number; count: number }>(
        `select state, attempts, count(*)::int as count from messages group by state, attempts`,
      );
    await until('the last outcome is recorded', async () => (await outcomes()).length === 1);
    expect(await outcomes()).toEqual([{ state: 'sent', attempts: 1, count: 40 }]);
    expect(app.log).not.toContain('message not accepted');
  });

  it.each([
    ['5.7.1 Blocked by our policy', 'rejected (5.7)', 'blocked'],
    ['5.1.1 No such user', 'rejected (550)', 'mailbox_unknown'],
  ])('explains the refusal "550 %s"', async (text, failure, reason) => {
    const email = `${reason}@example.com`;
    mail.behave(email, { step: 'to', reply: [550, text] });
    const { body } = await app.post('/otp/generate', { email }).expect(200);
    await until('the message failed', async () => (await failureOf(email))?.state === 'failed');
    expect(await failureOf(email)).toEqual({ state: 'failed', failure, attempts: 1 });
    const status = await app.get(`/otp/challenges/${body.challenge.id}`).expect(200);
    expect(status.body).toMatchObject({ delivery: 'failed' });
    expect(describeFailure(failure)).toMatchObject({ code: reason });
  });
});

describe('a server that stops while it sends mails', () => {
  it('sends those that were on their way and closes its connections', async () => {
    const mail = await MailServer.start({ maxClients: 3, latencyMs: 50 });
    const app = await TestApp.start({
      MAIL_PROVIDER: 'smtp',
      MAIL_FROM: 'Codes <codes@example.org>',
      SMTP_URL: mail.url,
    });
    const emails = Array.from({ length: 12 }, (_, index) => `stop-${index}@example.com`);
    await Promise.all(emails.map((email) => app.post('/otp/generate', { email }).expect(200)));
    await until('the first mail arrives', () => mail.mails.length > 0);
    await app.stop();
    await until('the connections are closed', () => mail.open === 0);
    expect(mail.mails.map(({ to }) => to).sort()).toEqual([...emails].sort());
    await mail.stop();
  });
});
