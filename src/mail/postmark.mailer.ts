import { Errors, Models, ServerClient } from 'postmark';
import { DeliveryError, VENDOR_TIMEOUT_SECONDS } from '../common/delivery.js';
import type { Config } from '../config/config.js';
import { Mailer, type Mail } from './mailer.js';

/** Postmark's codes for an address it will not deliver to: invalid request (its address check), inactive recipient. */
const REJECTED = [300, 406];

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
        // A tracked link or pixel would tell a third party when a code is read.
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

/** The codes: https://postmarkapp.com/developer/api/overview#error-codes */
function translate(error: unknown): DeliveryError {
  // The SDK lets the time-out of a body escape as the platform's own DOMException.
  if (error instanceof DOMException && error.name === 'TimeoutError') return new DeliveryError('timeout');
  if (!(error instanceof Errors.PostmarkError)) return new DeliveryError('unavailable');
  const { code, statusCode, message } = error;
  // Without an answer there is only the text to tell a time-out from a refused connection.
  if (!statusCode) return new DeliveryError(/timeout/i.test(message) ? 'timeout' : 'unavailable');
  if (statusCode === 429) return new DeliveryError('throttled', code || undefined);
  // Code 300 is about the sender as well, and then it would refuse every address.
  if (REJECTED.includes(code) && !message.includes("'From'")) return new DeliveryError('rejected', code);
  // Token, sender, stream, credit, account under review: whatever else is refused is ours to put right.
  if (statusCode >= 400 && statusCode < 500) return new DeliveryError('misconfigured', code || statusCode);
  return new DeliveryError('unavailable', code || statusCode);
}
