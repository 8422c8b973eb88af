import { DeliveryError } from '../common/delivery.js';
import type { Config } from '../config/config.js';

/** How much earlier than its end a token is renewed. */
const MARGIN_MS = 60_000;
/** The life of a token whose answer does not say it. */
const DEFAULT_LIFE_SECONDS = 300;

/** Gets access tokens for the mail server with a refresh token (RFC 6749, section 6). */
export class SmtpAccessTokens {
  private token?: { value: string; expiresAt: number };
  private request?: Promise<string>;

  constructor(
    private readonly config: Config,
    private readonly timeoutSeconds: number,
  ) {}

  /**
   * `renew` after the mail server refused the token. Throws a `DeliveryError`, which contains neither
   * a credential nor text of the endpoint.
   */
  get(renew = false): Promise<string> {
    const { token } = this;
    if (!renew && token && performance.now() < token.expiresAt) return Promise.resolve(token.value);
    // Connections that open at the same time share one request.
    this.request ??= this.requestToken().finally(() => (this.request = undefined));
    return this.request;
  }

  private async requestToken(): Promise<string> {
    const { status, body } = await this.post();
    if (status === 429) throw new DeliveryError('throttled', status);
    if (status >= 500 || status === 408) throw new DeliveryError('unavailable', status);
    if (status >= 300) throw new DeliveryError('misconfigured', status);
    const { access_token: value, expires_in: life } = (body ?? {}) as Record<string, unknown>;
    if (typeof value !== 'string' || value === '') throw new DeliveryError('unavailable', status);
    const seconds = Number(life) > 0 ? Number(life) : DEFAULT_LIFE_SECONDS;
    this.token = { value, expiresAt: performance.now() + seconds * 1000 - MARGIN_MS };
    return value;
  }

  private async post(): Promise<{ status: number; body: unknown }> {
    const { SMTP_OAUTH2_TOKEN_URL: url = '', SMTP_OAUTH2_CLIENT_ID: id = '' } = this.config;
    const { SMTP_OAUTH2_CLIENT_SECRET: secret = '', SMTP_OAUTH2_REFRESH_TOKEN: refresh = '' } = this.config;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { accept: 'application/json' },
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          client_id: id,
          client_secret: secret,
          refresh_token: refresh,
        }),
        // The operator trusts only the configured URL.
        redirect: 'manual',
        signal: AbortSignal.timeout(this.timeoutSeconds * 1000),
      });
      if (response.ok) return { status: response.status, body: await response.json() };
      void response.body?.cancel().catch(() => undefined);
      return { status: response.status, body: null };
    } catch (error) {
      const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
      throw new DeliveryError(timedOut ? 'timeout' : 'unavailable');
    }
  }
}
