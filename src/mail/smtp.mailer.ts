import { createTransport } from 'nodemailer';
import { DeliveryError, VENDOR_TIMEOUT_SECONDS } from '../common/delivery.js';
import type { Config } from '../config/config.js';
import { Mailer, type Mail } from './mailer.js';

/** The mailbox does not exist, is not local, or has no such name; the 7 of policy is about us. */
const NO_SUCH_MAILBOX = [550, 551, 553];
const POLICY = /\b5\.7\.\d+\b/;

/** Hands mails to a mail server, one connection each: nothing waits behind a mail that hangs. */
export class SmtpMailer extends Mailer {
  readonly provider = 'smtp';
  readonly reportsDelivery = false;
  private readonly transport;

  constructor(
    private readonly config: Config,
    readonly timeoutSeconds = VENDOR_TIMEOUT_SECONDS,
  ) {
    super();
    const timeoutMs = timeoutSeconds * 1000;
    const { protocol, hostname, port, username, password } = new URL(config.SMTP_URL ?? '');
    const secure = protocol === 'smtps:';
    const host = hostname.replace(/^\[|\]$/g, '');
    this.transport = createTransport({
      host,
      port: port ? Number(port) : secure ? 465 : 587,
      secure,
      // Codes and credentials travel in the clear on this machine only.
      requireTLS: !secure && !['localhost', '127.0.0.1', '::1'].includes(host),
      tls: { rejectUnauthorized: true },
      ...(username && {
        auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
      }),
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      dnsTimeout: timeoutMs,
      // A mail is what we wrote, and never a file or a page that its text names.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send({ messageId, to, subject, text, html, locale }: Mail): Promise<string> {
    const { MAIL_FROM: from = '' } = this.config;
    const domain = /@([^\s<>@]+)>?$/.exec(from)?.[1] ?? 'localhost';
    try {
      const sent = await inTime(
        this.transport.sendMail({
          from,
          to,
          subject,
          text,
          html,
          // The same in every attempt, so that a mailbox that got two shows one.
          messageId: `<${messageId}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': locale },
        }),
        this.timeoutSeconds,
      );
      return sent.messageId;
    } catch (error) {
      throw error instanceof DeliveryError ? error : translate(error);
    }
  }
}

/** The transport's time-outs apply to single steps; a slow server can take many steps. */
function inTime<T>(work: Promise<T>, seconds: number): Promise<T> {
  let timer: NodeJS.Timeout;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeliveryError('timeout')), seconds * 1000);
  });
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}

/** Takes numbers and kinds out of the error and nothing else: it holds the address and the server's words. */
function translate(error: unknown): DeliveryError {
  const { code, originalCode, command, responseCode, response } = (error ?? {}) as Record<string, unknown>;
  const status = typeof responseCode === 'number' ? responseCode : undefined;
  if (code === 'EAUTH' || code === 'ENOAUTH') return new DeliveryError('misconfigured', status);
  if (code === 'ETIMEDOUT') return new DeliveryError('timeout');
  // A certificate that is not theirs, or no TLS where it is required.
  if (code === 'ETLS' || /CERT|TLS|SSL/.test(String(originalCode))) return new DeliveryError('misconfigured');
  if (!status || status < 500) return new DeliveryError('unavailable', status);
  if (command === 'RCPT TO') {
    const isAddress = NO_SUCH_MAILBOX.includes(status) && !POLICY.test(String(response));
    return new DeliveryError('rejected', status, !isAddress);
  }
  if (command === 'DATA') return new DeliveryError('rejected', status, true);
  return new DeliveryError('misconfigured', status);
}
