import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { text } from 'node:stream/consumers';
import { until } from './until.js';

/** A reply to one step of the SMTP dialogue, or no reply. */
export type MailFault = {
  step: 'from' | 'to' | 'data';
  reply: [code: number, text: string] | 'none';
};

export interface ReceivedMail {
  from: string;
  to: string;
  /** The message as received, with its headers. */
  raw: string;
}

export interface MailServerOptions {
  /** Starts with TLS. Without `key` and `cert`, the certificate is one that no client trusts. */
  secure?: boolean;
  key?: string;
  cert?: string;
  /** More connections get the reply 421. */
  maxClients?: number;
  /** How long the server takes to accept a mail. */
  latencyMs?: number;
}

/** A local SMTP server with one user, who has a password or an access token. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  /** The access tokens that the server accepts. */
  readonly accessTokens = new Set<string>();
  /** How many connections clients have opened, and the most at one time. */
  opened = 0;
  peak = 0;
  private readonly sockets = new Set<Socket>();
  private readonly faults = new Map<string, MailFault>();
  private readonly server: SMTPServer;

  private constructor(private readonly options: MailServerOptions) {
    const { latencyMs = 0, ...serverOptions } = options;
    this.server = new SMTPServer({
      ...serverOptions,
      authMethods: ['PLAIN', 'LOGIN', 'XOAUTH2'],
      allowInsecureAuth: true,
      logger: false,
      disabledCommands: ['STARTTLS'],
      closeTimeout: 100,
      onAuth: ({ method, username, password, accessToken }, _, done) => {
        const isGenuine =
          method === 'XOAUTH2' ? this.accessTokens.has(accessToken ?? '') : password === 'pass+word';
        if (username === 'codes' && isGenuine) return done(null, { user: username });
        // Like Office 365, which explains a refused token in another step of the dialogue.
        if (method === 'XOAUTH2') return done(null, { data: { status: '401' } });
        done(new Error('Invalid login codes pass+word'));
      },
      onMailFrom: (_, __, done) => this.reply('from', '*', done),
      onRcptTo: ({ address }, _, done) => this.reply('to', address, done),
      onData: (stream, session, done) => {
        const to = session.envelope.rcptTo[0]?.address ?? '';
        const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : '';
        void text(stream).then((raw) =>
          setTimeout(
            () =>
              this.reply('data', to, (error) => {
                if (!error) this.mails.push({ from, to, raw });
                done(error);
              }),
            latencyMs,
          ),
        );
      },
    });
    // In some tests the client closes the connection.
    this.server.on('error', () => undefined);
    this.server.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      this.opened++;
      this.peak = Math.max(this.peak, this.sockets.size);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  static async start(options: MailServerOptions = {}): Promise<MailServer> {
    const server = new MailServer(options);
    await new Promise<void>((resolve) => server.server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(resolve));
  }

  get url(): string {
    const { port } = this.server.server.address() as AddressInfo;
    return `${this.options.secure ? 'smtps' : 'smtp'}://codes:pass%2Bword@127.0.0.1:${port}`;
  }

  /** The connections that are open now. */
  get open(): number {
    return this.sockets.size;
  }

  /** Ends all connections, as a server does with those that are idle. */
  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Sets a fault for mails to an address. `*` applies to the sender's address. */
  behave(address: string, fault: MailFault): void {
    this.faults.set(address, fault);
  }

  heal(): void {
    this.faults.clear();
  }

  /** Waits for a mail to an address. */
  mail(to: string, withinMs = 5_000): Promise<ReceivedMail> {
    return until(`a mail to ${to}`, () => this.mails.find((mail) => mail.to === to), withinMs / 1_000);
  }

  /** The code in the subject of the first mail to an address. */
  async code(to: string, withinMs?: number): Promise<string> {
    const { raw } = await this.mail(to, withinMs);
    return /^Subject: .*?\b(\d{4,10})\b/m.exec(raw)?.[1] ?? '';
  }

  private reply(step: MailFault['step'], address: string, done: (error?: Error | null) => void): void {
    const fault = this.faults.get(address);
    if (fault?.step !== step) return done();
    if (fault.reply === 'none') return;
    const [responseCode, message] = fault.reply;
    done(Object.assign(new Error(message), { responseCode }));
  }
}
