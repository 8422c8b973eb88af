import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { newId } from '../common/random.js';
import { Keyring } from '../common/keyring.js';
import { localeOfRecipient, type Locale } from '../common/locale.js';
import type { Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import type { Client } from '../http/client.js';
import type { Channel, MessageContent } from '../notifier/notifier.js';
import type { NewChallenge } from './challenge.repository.js';
import { contextDigest, generateCode } from './otp-code.js';
import type { Policy } from './purposes.js';

/** The lane of requests that do not come from a recognised device. */
export const PUBLIC_LANE = '';

/** Says who a code is for and what it authorises. */
export interface CodeRequest {
  recipient: Recipient;
  policy: Policy;
  /** The client that asks for the code or guesses it. */
  client: Client;
  /** Default: the public lane. */
  lane?: string;
  /** What the code approves. The message shows it. */
  context?: Record<string, string>;
  /** Restricts the code to, for example, one account id. Unlike `context`, it is never shown. */
  boundTo?: string;
}

/** A code request and how to send the code. */
export interface SendRequest extends CodeRequest {
  /** Default: the first channel of the purpose that reaches the recipient. */
  channel?: Channel;
  /** Default: the language of the phone number's country, else `DEFAULT_LOCALE`. */
  locale?: Locale;
  /**
   * A recognised device of the recipient's account asks for the code, so only a bounce suppresses
   * it.
   */
  fromDevice?: boolean;
  /** The account that asks to change to this address. */
  userId?: string;
  /** Default: `code`. */
  template?: string;
  /** Builds the link in the message from a token that `redeem` accepts instead of the code. */
  link?: (token: string) => string;
  /**
   * Sends a message without a code and accepts no guess. The caller cannot distinguish a decoy from a
   * real challenge: replies, limits, status and timing are the same.
   */
  decoy?: boolean;
  /** Fields that the template of a decoy needs. */
  notice?: MessageContent;
  /** What a server application wants to find again in the timeline and the proof. */
  metadata?: Record<string, string>;
  /** The fixed code of a test identity. Nothing is sent. */
  knownCode?: string;
}

/** The content of a link token: the challenge it was sent with. */
export interface LinkToken {
  id: string;
  recipient: Recipient;
  lane: string;
}

/**
 * Generates codes, their keyed hashes for verification and their sealed copies for sending, and reads
 * link tokens.
 */
@Injectable()
export class Codes {
  constructor(
    private readonly keyring: Keyring,
    private readonly config: Config,
  ) {}

  /** Creates a challenge with its message. `ChallengeRepository` decides whether to store it. */
  newChallenge(request: SendRequest, channel: Channel, resend: boolean): NewChallenge {
    const { recipient, policy, lane = PUBLIC_LANE, context, template = 'code', link, decoy } = request;
    const { purpose } = policy;
    const { application } = request.client;
    const id = newId();
    const code = request.knownCode ?? generateCode(policy.codeLength);
    const content: MessageContent = {
      locale: request.locale ?? localeOfRecipient(recipient) ?? this.config.DEFAULT_LOCALE,
      ...(!decoy && { code, purpose }),
      ...(context && { context }),
      ...(application?.brandName && { brand: application.brandName }),
      ...(application?.smsHost && { host: application.smsHost }),
      ...(link && { link: link(this.linkToken({ id, recipient, lane }, purpose)) }),
      ...request.notice,
    };
    return {
      recipient,
      purpose,
      lane,
      id,
      channel,
      codeHash: decoy ? randomBytes(32) : this.keyring.mac(...hashedParts(request), code),
      content,
      codeSealed: this.keyring.seal(JSON.stringify(content), recipient, purpose, lane),
      contextHash: authorisationDigest(request),
      template,
      policy,
      fromDevice: request.fromDevice ?? false,
      applicationId: application?.id ?? null,
      metadata: request.metadata ?? null,
      resend,
      isTest: request.knownCode !== undefined,
      charge: null,
    };
  }

  /** The hashes that the stored hash may equal if the code is correct: one per accepted secret. */
  acceptedHashes(request: CodeRequest, code: string): Buffer[] {
    return this.keyring.acceptedMacs(...hashedParts(request), code);
  }

  /** The message in clear: that of the new challenge, or the older one whose code it repeats. */
  liveContent(challenge: NewChallenge, repeatedCode: Buffer | null): MessageContent {
    if (!repeatedCode) return challenge.content;
    const { recipient, purpose, lane } = challenge;
    return JSON.parse(this.keyring.open(repeatedCode, recipient, purpose, lane)) as MessageContent;
  }

  /** Null if the token is forged or belongs to another purpose. Does not consume the link. */
  readLink(token: string, purpose: string): LinkToken | null {
    try {
      return JSON.parse(this.keyring.open(Buffer.from(token, 'base64url'), 'link', purpose)) as LinkToken;
    } catch {
      return null;
    }
  }

  /** Sealed, so it cannot be guessed or read. Its challenge decides whether it is still valid. */
  private linkToken(link: LinkToken, purpose: string): string {
    return this.keyring.seal(JSON.stringify(link), 'link', purpose).toString('base64url');
  }
}

function hashedParts(request: CodeRequest): string[] {
  const { recipient, policy, lane = PUBLIC_LANE } = request;
  return [recipient, policy.purpose, lane, authorisationDigest(request) ?? ''];
}

/** Digest of what the code authorises. Prefixes keep the kinds apart. */
function authorisationDigest({ context, boundTo, decoy, template }: SendRequest): string | null {
  // A resend repeats the message, so decoys with different texts must differ here.
  if (decoy) return `:decoy ${template}`;
  if (boundTo) return `:${boundTo}`;
  return context ? contextDigest(context) : null;
}
