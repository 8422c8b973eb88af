import { Errors, Models, ServerClient } from 'postmark';
import { DeliveryError, isRefusal, refusalError, VENDOR_TIMEOUT_SECONDS } from '../common/delivery.js';
import type { Config } from '../config/config.js';
import { Mailer, type Mail } from './mailer.js';
import { POSTMARK_ERRORS } from './postmark.errors.js';

export class PostmarkMailer extends Mailer {
  readonly provider = 'postmark';
  readonly reportsDelivery: boolean;
  private readonly client: ServerClient;

  constructor(
    private readonly config: Config,
    readonly timeoutSeconds = VENDOR_TIMEOUT_SECONDS,
  ) {
    super();
    this.reportsDelivery = config.POSTMARK_WEBHOOK_PASSWORD !== undefined;
    const api = config.POSTMARK_API_URL ? new URL(config.POSTMARK_API_URL) : undefined;
    this.client = new ServerClient(config.POSTMARK_SERVER_TOKEN ?? '', {
      timeout: timeoutSeconds,
      ...(api && {
        useHttps: api.protocol === 'https:',
        requestHost: api.host + api.pathname.replace(/\/$/, ''),
      }),
    });
  }

  async send({ messageId, to, subject, text, html }: Mail): Promise<string> {
    try {
      const sent = await this.client.sendEmail({
        From: this.config.MAIL_FROM ?? '',
        To: to,
        Subject: subject,
        TextBody: text,
        HtmlBody: html,
        MessageStream: this.config.POSTMARK_MESSAGE_STREAM,
        // Tracking would tell a third party when a code is read.
        TrackOpens: false,
        TrackLinks: Models.LinkTrackingOptions.None,
        Metadata: { message_id: messageId },
      });
      if (typeof sent?.MessageID !== 'string') throw new DeliveryError('unavailable');
      return sent.MessageID;
    } catch (error) {
      throw error instanceof DeliveryError ? error : translate(error);
    }
  }
}

function translate(error: unknown): DeliveryError {
  // The SDK does not wrap the DOMException of a time-out while it reads the body.
  if (error instanceof DOMException && error.name === 'TimeoutError') return new DeliveryError('timeout');
  if (!(error instanceof Errors.PostmarkError)) return new DeliveryError('unavailable');
  const { code, statusCode, message } = error;
  // Without an answer, only the text tells a time-out from a refused connection.
  if (!statusCode) return new DeliveryError(/timeout/i.test(message) ? 'timeout' : 'unavailable');
  if (statusCode === 429) return new DeliveryError('throttled', code || undefined);
  // Code 300 can also concern our sender address. Then Postmark would refuse every recipient.
  if (isRefusal(statusCode) && message.includes("'From'"))
    return new DeliveryError('misconfigured', code || statusCode);
  const known = POSTMARK_ERRORS.refusals[code];
  if (known) return refusalError(known, code);
  // A 404 without Postmark's number comes from another server: the URL is wrong.
  if (statusCode === 401 || statusCode === 403 || (statusCode === 404 && !code))
    return new DeliveryError('misconfigured', code || statusCode);
  if (isRefusal(statusCode)) return refusalError(undefined, code || statusCode);
  return new DeliveryError('unavailable', code || statusCode);
}
