import type { AddressInfo } from 'node:net';
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

/** A local SMTP server with one user. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  private readonly faults = new Map<string, MailFault>();
  private readonly server: SMTPServer;

  private constructor(private readonly secure: boolean) {
    this.server = new SMTPServer({
      secure,
      allowInsecureAuth: true,
      logger: false,
      disabledCommands: ['STARTTLS'],
      closeTimeout: 100,
      onAuth: ({ username, password }, _, done) =>
        username === 'codes' && password === 'pass+word'
          ? done(null, { user: username })
          : done(new Error('Invalid login codes pass+word')),
      onMailFrom: (_, __, done) => this.reply('from', '*', done),
      onRcptTo: ({ address }, _, done) => this.reply('to', address, done),
      onData: (stream, session, done) => {
        const to = session.envelope.rcptTo[0]?.address ?? '';
        const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : '';
        void text(stream).then((raw) =>
          this.reply('data', to, (error) => {
            if (!error) this.mails.push({ from, to, raw });
            done(error);
          }),
        );
      },
    });
    // In some tests the client closes the connection.
    this.server.on('error', () => undefined);
  }

  static async start({ secure = false } = {}): Promise<MailServer> {
    const server = new MailServer(secure);
    await new Promise<void>((resolve) => server.server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(resolve));
  }

  get url(): string {
    const { port } = this.server.server.address() as AddressInfo;
    return `${this.secure ? 'smtps' : 'smtp'}://codes:pass%2Bword@127.0.0.1:${port}`;
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
