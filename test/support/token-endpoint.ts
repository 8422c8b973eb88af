import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What the endpoint answers. */
export interface TokenAnswer {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

/** A local token endpoint of an OAuth 2.0 provider. Each answer has a new token unless told otherwise. */
export class TokenEndpoint {
  readonly requests: Record<string, string>[] = [];
  /** The tokens that it has issued. */
  readonly tokens: string[] = [];
  /** Replaces the answer. `hang` sends none. */
  answer?: TokenAnswer | 'hang';
  private readonly server = createServer((request, reply) => {
    void text(request).then((body) => {
      this.requests.push(Object.fromEntries(new URLSearchParams(body)));
      if (this.answer === 'hang') return;
      const { status, body: answer, headers } = this.answer ?? this.issue();
      reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(answer);
    });
  });

  /** `onToken` learns each issued token. */
  private constructor(private readonly onToken: (token: string) => void) {}

  static async start(onToken: (token: string) => void): Promise<TokenEndpoint> {
    const endpoint = new TokenEndpoint(onToken);
    await new Promise<void>((resolve) => endpoint.server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** Settings that make a server get its tokens here. */
  get settings(): Record<string, string> {
    return {
      SMTP_OAUTH2_USER: 'codes',
      SMTP_OAUTH2_CLIENT_ID: 'client-1',
      SMTP_OAUTH2_CLIENT_SECRET: 'client-secret-71d0',
      SMTP_OAUTH2_REFRESH_TOKEN: 'refresh-token-93ab',
      SMTP_OAUTH2_TOKEN_URL: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/token`,
    };
  }

  private issue(): TokenAnswer {
    const token = `access-token-${this.tokens.length}`;
    this.tokens.push(token);
    this.onToken(token);
    return {
      status: 200,
      body: JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 3600 }),
    };
  }
}
