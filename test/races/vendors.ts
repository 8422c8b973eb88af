import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a vendor does with a message: takes it, refuses it for good, fails, or never answers. */
export type Behaviour = 'take' | 'reject' | 'fail' | 'hang';

export interface VendorCall {
  to: string;
  text: string;
  at: number;
  behaviour: Behaviour;
}

export const TWILIO_AUTH_TOKEN = 'twilio-token-9f8e7d6c5b4a39281706f5e4d3c2b1a0';
export const POSTMARK_SERVER_TOKEN = 'postmark-token-0a1b2c3d4e5f60718293a4b5c6d7e8f9';

/** Twilio and Postmark on this machine: record every call, and behave as told. */
export class Vendors {
  readonly calls: VendorCall[] = [];
  /** Decides for one call; `earlier` is how many there were for the same address. */
  behave: (to: string, earlier: number) => Behaviour = () => 'take';
  /** Milliseconds until an answer. */
  latency: () => number = () => 0;
  private readonly callsTo = new Map<string, VendorCall[]>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<Vendors> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const vendors = new Vendors(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on(
      'request',
      (request, response) => void vendors.receive(request, response).catch(() => undefined),
    );
    return vendors;
  }

  /** What makes a server use it for everything. */
  get settings(): Record<string, string> {
    return {
      SMS_PROVIDER: 'twilio',
      TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
      TWILIO_AUTH_TOKEN,
      TWILIO_FROM: '+15005550006',
      TWILIO_API_URL: this.url,
      MAIL_PROVIDER: 'postmark',
      MAIL_FROM: 'codes@example.com',
      POSTMARK_SERVER_TOKEN,
      POSTMARK_API_URL: this.url,
    };
  }

  to(address: string): VendorCall[] {
    return this.callsTo.get(address) ?? [];
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const isSms = request.url?.endsWith('/Messages.json') ?? false;
    const { to, text } = isSms ? smsOf(body) : mailOf(body);
    const earlier = this.to(to);
    const behaviour = this.behave(to, earlier.length);
    const call = { to, text, at: Date.now(), behaviour };
    this.calls.push(call);
    this.callsTo.set(to, [...earlier, call]);
    if (behaviour === 'hang') return;
    const latency = this.latency();
    if (latency > 0) await new Promise((resolve) => setTimeout(resolve, latency));
    const [status, answer] = isSms ? twilioAnswer(behaviour, text) : postmarkAnswer(behaviour, text);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }
}

function smsOf(body: string) {
  const form = new URLSearchParams(body);
  return { to: form.get('To') ?? '', text: form.get('Body') ?? '' };
}

function mailOf(body: string) {
  const { To, TextBody } = JSON.parse(body) as { To: string; TextBody: string };
  return { to: To, text: TextBody };
}

/** Errors repeat the message, so that a careless log of one would show the code. */
function twilioAnswer(behaviour: Behaviour, text: string): [number, object] {
  if (behaviour === 'take') return [201, { sid: `SM${'1'.repeat(32)}`, status: 'queued', body: text }];
  if (behaviour === 'reject') return [400, { code: 21211, status: 400, message: `not taken: ${text}` }];
  return [500, { code: 20500, status: 500, message: `failed: ${text}` }];
}

function postmarkAnswer(behaviour: Behaviour, text: string): [number, object] {
  if (behaviour === 'take') return [200, { ErrorCode: 0, Message: 'OK', MessageID: '00000000-1111-2222' }];
  if (behaviour === 'reject') return [422, { ErrorCode: 406, Message: `not taken: ${text}` }];
  return [500, { ErrorCode: 0, Message: `failed: ${text}` }];
}
