import { createTransport } from 'nodemailer';
import { DeliveryError, refusalError, VENDOR_TIMEOUT_SECONDS } from '../common/delivery.js';
import { withTimeout } from '../common/with-timeout.js';
import type { Config } from '../config/config.js';
import { Mailer, type Mail } from './mailer.js';
import { SMTP_ERRORS } from './smtp.errors.js';

/** A reply with an enhanced status about security or policy (RFC 3463). */
const POLICY_REPLY = /^5\d\d[ -]5\.7\.\d{1,3}\b/;
const POLICY = 5.7;

/**
 * Sends through a mail server. Each mail has its own connection, so none waits for one that hangs.
 */
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
      // Only connections within this machine may be unencrypted.
      requireTLS: !secure && !['localhost', '127.0.0.1', '::1'].includes(host),
      tls: { rejectUnauthorized: true },
      ...(username && {
        auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
      }),
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      dnsTimeout: timeoutMs,
      // The content must never include a file or page that a text names.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send({ messageId, to, subject, text, html, locale }: Mail): Promise<string> {
    const { MAIL_FROM: from = '' } = this.config;
    const domain = /@([^\s<>@]+)>?$/.exec(from)?.[1] ?? 'localhost';
    try {
      // The transport's own time-outs apply to single steps, and a slow server can take many steps.
      const sent = await withTimeout(
        this.transport.sendMail({
          from,
          to,
          subject,
          text,
          html,
          // The same in every attempt, so that a mail client can recognise a duplicate.
          messageId: `<${messageId}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': locale },
        }),
        this.timeoutSeconds * 1000,
        () => new DeliveryError('timeout'),
      );
      return sent.messageId;
    } catch (error) {
      throw error instanceof DeliveryError ? error : translate(error);
    }
  }
}

/** Copies only numbers and kinds, because the error contains the address and the server's text. */
function translate(error: unknown): DeliveryError {
  const { code, originalCode, command, responseCode, response } = (error ?? {}) as Record<string, unknown>;
  const status = typeof responseCode === 'number' ? responseCode : undefined;
  if (code === 'EAUTH' || code === 'ENOAUTH') return new DeliveryError('misconfigured', status);
  if (code === 'ETIMEDOUT') return new DeliveryError('timeout');
  // The certificate is not valid for this server, or TLS is required and not offered.
  if (code === 'ETLS' || /CERT|TLS|SSL/.test(String(originalCode))) return new DeliveryError('misconfigured');
  if (!status || status < 500) return new DeliveryError('unavailable', status);
  if (command === 'RCPT TO' || command === 'DATA') {
    const number = POLICY_REPLY.test(String(response)) ? POLICY : status;
    const known = SMTP_ERRORS.refusals[number];
    // The server accepted the recipient before it refused the text.
    return command === 'DATA' && known
      ? new DeliveryError('rejected', number, true)
      : refusalError(known, number);
  }
  return new DeliveryError('misconfigured', status);
}
