import { Config } from '../config/config.js';
import type { MailProvider } from '../config/providers.js';
import { InboxStore } from '../inbox/inbox-store.js';
import { InboxMailer } from './inbox.mailer.js';
import { createMailer } from './mail.module.js';
import type { Mailer } from './mailer.js';
import { PostmarkMailer } from './postmark.mailer.js';
import { SmtpMailer } from './smtp.mailer.js';
import { WebhookMailer } from './webhook.mailer.js';

/** The compiler requires every provider. */
const CLASSES: Record<MailProvider, new (...args: never[]) => Mailer> = {
  inbox: InboxMailer,
  postmark: PostmarkMailer,
  smtp: SmtpMailer,
  webhook: WebhookMailer,
};

describe('createMailer', () => {
  const config = Config.from({
    MAIL_PROVIDERS: 'postmark,smtp,webhook',
    MAIL_FROM: 'codes@example.org',
    POSTMARK_SERVER_TOKEN: '5a1e7e57-70ce-4b1d-9c6f-0f6d1b9a7e11',
    SMTP_URL: 'smtp://127.0.0.1:2525',
    WEBHOOK_URL: 'https://messages.acme.test/send',
    WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  });

  it.each(Object.entries(CLASSES))('creates the mailer of %s', (provider, mailerClass) => {
    const mailer = createMailer(config, new InboxStore())(provider as MailProvider);
    expect(mailer.constructor).toBe(mailerClass);
    expect(mailer.provider).toBe(provider);
  });
});
