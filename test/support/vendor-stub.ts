import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { until } from './until.js';
import { VERIFY_SID, verify, voice, WEBHOOK_SECRET, webhook } from './more-vendors.js';
import {
  POSTMARK_TOKEN,
  TWILIO_SID,
  TWILIO_TOKEN,
  postmark,
  twilio,
  type CommonError,
  type Payload,
  type Vendor,
} from './vendors.js';

/** A vendor's own error code, an error that all vendors share, or a transport fault. */
export type Fault =
  | number
  | CommonError
  | 'throttled, retry after 1 s'
  /** A status with an HTML body, as a proxy sends it. */
  | `html ${number}`
  /** A status with a vendor's error whose number is in no list. */
  | `unknown ${number}`
  | 'garbage'
  | 'hang before accepting'
  | 'hang after accepting'
  | 'hang mid-body'
  | 'reset mid-body';

export interface Behaviour {
  fault?: Fault;
  latencyMs?: number;
}

/** Decides for one request. `earlier` counts previous requests for the same recipient. */
type Decision = (to: string, earlier: number) => Behaviour;

interface Rule {
  decide: Decision;
  to?: string;
  vendor?: Vendor['name'];
  times: number;
}

export interface VendorCall {
  vendor: Vendor['name'];
  /** When the call arrived, in milliseconds since the epoch. */
  at: number;
  to: string;
  text: string;
  /** The whole parsed body. */
  payload: Payload;
  /** The injected fault, if any. */
  fault?: Fault;
}

export interface VendorMessage extends VendorCall {
  /** The id that the vendor assigned. */
  id: string;
}

const VENDORS = [postmark, twilio, voice, verify, webhook];

/** A local stub of Postmark, Twilio and a webhook receiver. `behave` injects faults. */
export class VendorStub {
  /** Every request with a readable body, accepted or not. */
  readonly calls: VendorCall[] = [];
  /** The accepted messages, oldest first. */
  readonly messages: VendorMessage[] = [];
  private readonly callsByRecipient = new Map<string, VendorCall[]>();
  private readonly messagesByRecipient = new Map<string, VendorMessage[]>();
  private rules: Rule[] = [];
  private readonly server = createServer((request, reply) => {
    // The client was killed or the body is malformed.
    this.serve(request, reply).catch(() => reply.destroy());
  });

  static async start(): Promise<VendorStub> {
    const stub = new VendorStub();
    await new Promise<void>((resolve) => stub.server.listen(0, '127.0.0.1', resolve));
    return stub;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** Settings that make a server send through this stub. */
  get settings(): Record<string, string> {
    const url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return {
      MAIL_PROVIDER: 'postmark',
      MAIL_FROM: 'Codes <codes@example.org>',
      POSTMARK_SERVER_TOKEN: POSTMARK_TOKEN,
      POSTMARK_API_URL: url,
      SMS_PROVIDER: 'twilio',
      TWILIO_ACCOUNT_SID: TWILIO_SID,
      TWILIO_AUTH_TOKEN: TWILIO_TOKEN,
      TWILIO_FROM: '+15005550006',
      TWILIO_API_URL: url,
      TWILIO_WHATSAPP_FROM: '+14155550199',
      TWILIO_WHATSAPP_CONTENT_SID: `HX${'5'.repeat(32)}`,
      TWILIO_VOICE_FROM: '+14155550198',
      TWILIO_VERIFY_SERVICE_SID: VERIFY_SID,
      WEBHOOK_URL: `${url}/send`,
      WEBHOOK_SECRET,
    };
  }

  /**
   * Sets the behaviour for the next `times` requests, optionally of one recipient or vendor. The
   * newest matching rule applies.
   */
  behave(
    behaviour: Behaviour | Decision,
    { to, vendor, times = Infinity }: { to?: string; vendor?: Vendor['name']; times?: number } = {},
  ): void {
    const decide = typeof behaviour === 'function' ? behaviour : () => behaviour;
    this.rules.unshift({ decide, to, vendor, times });
  }

  /** Removes all rules, or the rules for one recipient. */
  heal(to?: string): void {
    this.rules = to === undefined ? [] : this.rules.filter((rule) => rule.to !== to);
  }

  callsTo(to: string): VendorCall[] {
    return this.callsByRecipient.get(to) ?? [];
  }

  messagesTo(to: string): VendorMessage[] {
    return this.messagesByRecipient.get(to) ?? [];
  }

  /** Waits for `count` accepted messages to a recipient and returns the newest. */
  async message(to: string, count = 1, withinMs = 60_000): Promise<VendorMessage> {
    return until(
      `message number ${count} to ${to}`,
      () => this.messagesTo(to).length >= count && this.messagesTo(to).at(-1),
      withinMs / 1_000,
    );
  }

  /** Waits like `message` and returns the code in the text. */
  async code(to: string, count = 1, withinMs?: number): Promise<string> {
    const { text } = await this.message(to, count, withinMs);
    return /\b\d{4,10}\b/.exec(text)?.[0] ?? '';
  }

  private async serve(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const { method, url = '' } = request;
    const vendor = VENDORS.find(
      ({ path }) => method === 'POST' && (path instanceof RegExp ? path.test(url) : url === path),
    );
    if (!vendor) return send(reply, 404, JSON.stringify(twilio.errorBody(20404, 404, 'not found')));
    const raw = await text(request);
    const payload = vendor.parse(raw);
    const to = vendor.to(payload, url);
    const { fault, latencyMs = 0 } = this.behaviourFor(to, vendor.name);
    const call: VendorCall = {
      vendor: vendor.name,
      at: Date.now(),
      to,
      text: String(vendor.text(payload)),
      payload,
      fault,
    };
    this.calls.push(call);
    add(this.callsByRecipient, call);
    if (latencyMs) await new Promise((resolve) => setTimeout(resolve, latencyMs));
    if (fault === 'hang before accepting') return;
    const [kind, status] = String(fault).split(' ');
    if (kind === 'html') return send(reply, Number(status), HTML, 'html');
    if (kind === 'unknown') {
      const body = vendor.errorBody(UNKNOWN_ERROR, Number(status), 'Unknown.');
      return send(reply, Number(status), JSON.stringify(body));
    }
    if (fault === 'garbage') return send(reply, vendor.acceptedStatus, '{"MessageID": 17, "sid"');
    if (fault === 'throttled, retry after 1 s') reply.setHeader('retry-after', '1');

    const injected =
      typeof fault === 'number' ? fault : vendor.common[fault?.split(',')[0] as keyof typeof vendor.common];
    const refusal = injected ?? vendor.check(request.headers, payload, to, raw);
    if (refusal !== undefined) return refuse(reply, vendor, refusal, call);

    const id = vendor.newId();
    const message = { ...call, id };
    this.messages.push(message);
    add(this.messagesByRecipient, message);
    const body = JSON.stringify(vendor.accepted(id, payload));
    if (fault === 'hang after accepting') return;
    if (fault !== 'hang mid-body' && fault !== 'reset mid-body')
      return send(reply, vendor.acceptedStatus, body);
    reply.writeHead(vendor.acceptedStatus, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    reply.write(body.slice(0, 20), () => {
      // The delay lets the client receive the headers first.
      if (fault === 'reset mid-body') setTimeout(() => request.socket.resetAndDestroy(), 50);
    });
  }

  private behaviourFor(to: string, vendor: Vendor['name']): Behaviour {
    const rule = this.rules.find(
      (candidate) =>
        candidate.times > 0 && (candidate.to ?? to) === to && (candidate.vendor ?? vendor) === vendor,
    );
    if (rule) rule.times--;
    return rule?.decide(to, this.callsTo(to).length) ?? {};
  }
}

/** A number that no vendor documents. */
export const UNKNOWN_ERROR = 98_765;
const HTML = '<html><head><title>Bad Gateway</title></head><body><h1>nginx</h1></body></html>';

function send(reply: ServerResponse, status: number, body: string, type = 'json'): void {
  reply.writeHead(status, { 'content-type': type === 'json' ? 'application/json' : 'text/html' }).end(body);
}

function add<T extends VendorCall>(index: Map<string, T[]>, call: T): void {
  const existing = index.get(call.to);
  if (existing) existing.push(call);
  else index.set(call.to, [call]);
}

/** The error repeats the message, so a log that includes the error text would leak the code. */
function refuse(
  reply: ServerResponse,
  vendor: Vendor,
  refusal: number | [code: number, message: string],
  { to, text }: VendorCall,
): void {
  const [code, override] = typeof refusal === 'number' ? [refusal] : refusal;
  const [status, standard] = vendor.errors[code] ?? [400, 'Unknown.'];
  if (status >= 300 && status < 400) reply.setHeader('location', 'http://169.254.169.254/latest');
  const message = `${(override ?? standard).replace('{to}', to)} ${text}`;
  send(reply, status, JSON.stringify(vendor.errorBody(code, status, message)));
}
