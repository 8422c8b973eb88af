import { readFileSync } from 'node:fs';
import { createTransport } from 'nodemailer';
import { DeliveryError, refusalError, VENDOR_TIMEOUT_SECONDS } from '../common/delivery.js';
import type { Config } from '../config/config.js';
import { Mailer, type Mail } from './mailer.js';
import { SmtpAccessTokens } from './smtp.access-tokens.js';
import { SMTP_ERRORS } from './smtp.errors.js';
import { SmtpSlots } from './smtp.slots.js';

/** A reply with an enhanced status about security or policy (RFC 3463). */
const POLICY_REPLY = /^5\d\d[ -]5\.7\.\d{1,3}\b/;
const POLICY = 5.7;
/** Node's codes for a certificate that is not valid, such as UNABLE_TO_VERIFY_LEAF_SIGNATURE. */
const TLS_FAULT = /CERT|CRL|TLS|SSL|SIGNATURE|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH/;

/** An unused connection is closed after this time, because a server allows an account only few. */
const IDLE_MS = 30_000;
/** Some servers limit the messages of one connection. */
const MAX_MESSAGES_PER_CONNECTION = 100;

/** Sends through a mail server, over a few connections that are used again. */
export class SmtpMailer extends Mailer {
  readonly provider = 'smtp';
  readonly reportsDelivery = false;
  private readonly transport;
  private readonly slots: SmtpSlots;

  constructor(
    private readonly config: Config,
    readonly timeoutSeconds = VENDOR_TIMEOUT_SECONDS,
  ) {
    super();
    const timeoutMs = timeoutSeconds * 1000;
    const { protocol, hostname, port, username, password } = new URL(config.SMTP_URL ?? '');
    const secure = protocol === 'smtps:';
    const host = hostname.replace(/^\[|\]$/g, '');
    this.slots = new SmtpSlots(config.SMTP_MAX_CONNECTIONS);
    this.transport = createTransport({
      pool: true,
      maxConnections: config.SMTP_MAX_CONNECTIONS,
      maxMessages: MAX_MESSAGES_PER_CONNECTION,
      idleTimeout: IDLE_MS,
      // Destroys the socket of an attempt that timed out. Otherwise the rest of the mail could still
      // reach the server, after another attempt has sent it.
      socketCloseTimeout: 0,
      host,
      port: port ? Number(port) : secure ? 465 : 587,
      secure,
      // Only connections within this machine may be unencrypted.
      requireTLS: !secure && !['localhost', '127.0.0.1', '::1'].includes(host),
      tls: {
        rejectUnauthorized: true,
        ...(config.SMTP_CA_FILE && { ca: readFileSync(config.SMTP_CA_FILE) }),
      },
      auth: this.oauth2() ?? {
        user: decodeURIComponent(username),
        pass: decodeURIComponent(password),
      },
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      // Also applies to an unused connection. The time of an attempt is limited in `send`.
      socketTimeout: 2 * IDLE_MS,
      dnsTimeout: timeoutMs,
      // The content must never include a file or page that a text names.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send({ messageId, to, subject, text, html, locale }: Mail): Promise<string> {
    const { MAIL_FROM: from = '' } = this.config;
    const domain = /@([^\s<>@]+)>?$/.exec(from)?.[1] ?? 'localhost';
    const timeoutMs = this.timeoutSeconds * 1000;
    try {
      // A mail that is sent has at least half of the time for it. One that started in the last moment
      // would often be accepted without our knowledge and sent again.
      const startedAt = performance.now();
      const sent = await this.slots.run(timeoutMs / 2, () =>
        this.transport.sendMail({
          from,
          to,
          subject,
          text,
          html,
          // The same in every attempt, so that a mail client can recognise a duplicate.
          messageId: `<${messageId}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': locale },
          // Closes a connection that hangs, so that others can use its place.
          signal: AbortSignal.timeout(Math.ceil(timeoutMs - (performance.now() - startedAt))),
        }),
      );
      return sent.messageId;
    } catch (error) {
      throw error instanceof DeliveryError ? error : translate(error);
    }
  }

  override close(): void {
    this.transport.close();
  }

  /** The pool asks for a token whenever it opens a connection. */
  private oauth2() {
    const { SMTP_OAUTH2_USER: user } = this.config;
    if (user === undefined) return undefined;
    const tokens = new SmtpAccessTokens(this.config, this.timeoutSeconds);
    return {
      type: 'OAuth2' as const,
      user,
      provisionCallback: (
        _user: string,
        renew: boolean,
        done: (error: Error | null, token?: string) => void,
      ) => {
        tokens.get(renew).then(
          (token) => done(null, token),
          (error: Error) => done(error),
        );
      },
    };
  }
}

/** Copies only numbers and kinds, because the error contains the address and the server's text. */
function translate(error: unknown): DeliveryError {
  const { code, originalCode, command, responseCode, response } = (error ?? {}) as Record<string, unknown>;
  const status = typeof responseCode === 'number' ? responseCode : undefined;
  const isTemporary = status !== undefined && status < 500;
  if ((code === 'EAUTH' || code === 'ENOAUTH') && !isTemporary)
    return new DeliveryError('misconfigured', status);
  if (code === 'ETIMEDOUT' || code === 'EABORT') return new DeliveryError('timeout');
  // The certificate is not valid for this server, or TLS is required and not offered.
  if (code === 'ETLS' || TLS_FAULT.test(String(originalCode))) return new DeliveryError('misconfigured');
  if (status === undefined || isTemporary) return new DeliveryError('unavailable', status);
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
