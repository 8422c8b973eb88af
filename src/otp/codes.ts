import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { newId } from '../common/random.js';
import { Keyring } from '../common/keyring.js';
import { localeOfRecipient, type Locale } from '../common/locale.js';
import type { Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import type { Channel, MessageContent } from '../notifier/notifier.js';
import type { NewChallenge } from './challenge.repository.js';
import { contextDigest, generateCode } from './otp-code.js';
import type { Policy } from './purposes.js';

/** The lane of everything that anyone may ask for. */
export const PUBLIC_LANE = '';

/** A code for somebody, for something. */
export interface CodeRequest {
  recipient: Recipient;
  policy: Policy;
  /** Default: the public lane. */
  lane?: string;
  /** What the code approves. */
  context?: Record<string, string>;
  /** What else the code is good for and nothing else; unlike `context`, nobody is shown it. */
  boundTo?: string;
}

/** A code to be sent, and how. */
export interface SendRequest extends CodeRequest {
  /** Default: sms for a phone number, email for an e-mail address. */
  channel?: Channel;
  /** The language that was asked for. Default: that of a phone number's country, else `DEFAULT_LOCALE`. */
  locale?: Locale;
  /** The message. Default: `code`. */
  template?: string;
  /** Makes the message's link of a token that `redeem` takes instead of the code. */
  link?: (token: string) => string;
  /**
   * There is no code: the message says something else and no guess is right. Everything that a caller can see and
   * measure, limits and status included, is as it would be with one.
   */
  decoy?: boolean;
  /** The code of a test identity: it is this one, and nothing is sent. */
  knownCode?: string;
}

/** What a link's token says: the challenge it was sent with. */
export interface LinkToken {
  id: string;
  recipient: Recipient;
}

/** Makes codes and what is stored of them: a keyed hash to compare with, and a sealed copy to send. */
@Injectable()
export class Codes {
  constructor(
    private readonly keyring: Keyring,
    private readonly config: Config,
  ) {}

  /** A new challenge with its message. The statement that issues it decides whether it replaces what is there. */
  draft(request: SendRequest, channel: Channel, resend: boolean): NewChallenge {
    const { recipient, policy, lane = PUBLIC_LANE, context, template = 'code', link, decoy } = request;
    const { purpose } = policy;
    const id = newId();
    const code = request.knownCode ?? generateCode(policy.codeLength);
    const content: MessageContent = {
      locale: request.locale ?? localeOfRecipient(recipient) ?? this.config.DEFAULT_LOCALE,
      ...(!decoy && { code }),
      ...(context && { context }),
      ...(link && { link: link(this.linkToken({ id, recipient }, purpose)) }),
    };
    return {
      recipient,
      purpose,
      lane,
      id,
      channel,
      codeHash: decoy ? randomBytes(32) : this.keyring.mac(...boundParts(request), code),
      content,
      codeSealed: this.keyring.seal(JSON.stringify(content), recipient, purpose, lane),
      contextHash: boundDigest(request),
      template,
      policy,
      resend,
      isTest: request.knownCode !== undefined,
    };
  }

  /** What the stored hash may equal if this code is right. */
  acceptedHashes(request: CodeRequest, code: string): Buffer[] {
    return this.keyring.acceptedMacs(...boundParts(request), code);
  }

  /** The code that is live: that of the draft, or the older one that is repeated. */
  liveCode({ recipient, purpose, lane, content }: NewChallenge, repeats: Buffer | null): string | undefined {
    if (!repeats) return content.code;
    return (JSON.parse(this.keyring.open(repeats, recipient, purpose, lane)) as MessageContent).code;
  }

  /** Whose link this is, or null: forged, or of another purpose. Reading it changes nothing. */
  readLink(token: string, purpose: string): LinkToken | null {
    try {
      return JSON.parse(this.keyring.open(Buffer.from(token, 'base64url'), 'link', purpose)) as LinkToken;
    } catch {
      return null;
    }
  }

  /** Sealed under a key of ours, so it can be neither guessed nor read; its challenge decides whether it still works. */
  private linkToken(link: LinkToken, purpose: string): string {
    return this.keyring.seal(JSON.stringify(link), 'link', purpose).toString('base64url');
  }
}

function boundParts(request: CodeRequest): string[] {
  const { recipient, policy, lane = PUBLIC_LANE } = request;
  return [recipient, policy.purpose, lane, boundDigest(request) ?? ''];
}

/** What ties a code to that which it is for. No two kinds look alike: a digest has no colon. */
function boundDigest({ context, boundTo, decoy }: SendRequest): string | null {
  if (decoy) return ':decoy';
  if (boundTo) return `:${boundTo}`;
  return context ? contextDigest(context) : null;
}
