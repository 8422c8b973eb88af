import { Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { addressOf, isPhone, parseEmail, parsePhone, type Recipient } from '../common/recipient.js';

/**
 * Test addresses for app-store reviewers and automated tests. Their code is fixed and nothing is
 * sent.
 */
export interface TestIdentity {
  /** Canonical. `*` before an e-mail address or after a phone number matches any text. */
  pattern: string;
  code: string;
  /** The end of its last day in UTC. */
  until?: Date;
}

const ENTRY = /^(.+)=(\d{4,10})(?:@(\d{4}-\d{2}-\d{2}))?$/;
/** A shorter prefix would match the numbers of real people. */
const PHONE = /^\+[1-9](\d{6,14}|\d{5,13}\*)$/;
const DAY_MS = 86_400_000;

/** Parses `review@example.com=123456@2026-12-31`. Returns null if it is invalid. */
export function parseTestIdentity(text: string): TestIdentity | null {
  const [, address = '', code = '', day] = ENTRY.exec(text) ?? [];
  const pattern = PHONE.test(address) ? phonePattern(address) : emailPattern(address);
  if (pattern === null) return null;
  if (day === undefined) return { pattern, code };
  const start = new Date(`${day}T00:00:00Z`);
  // JavaScript reads 31 February as a day in March.
  if (Number.isNaN(start.getTime()) || !start.toISOString().startsWith(day)) return null;
  return { pattern, code, until: new Date(start.getTime() + DAY_MS) };
}

export function isMatch({ pattern }: TestIdentity, recipient: Recipient): boolean {
  const address = addressOf(recipient);
  if (pattern.startsWith('*')) return !isPhone(recipient) && address.endsWith(pattern.slice(1));
  return pattern.endsWith('*') ? address.startsWith(pattern.slice(0, -1)) : address === pattern;
}

/** Requests have canonical numbers. A test number need not exist, and then it stays as it is. */
function phonePattern(address: string): string {
  const parsed = parsePhone(address);
  return parsed ? addressOf(parsed.recipient) : address;
}

/**
 * An e-mail pattern must contain a whole domain. Otherwise it could match the addresses of real
 * people.
 */
function emailPattern(address: string): string | null {
  const isOpen = address.startsWith('*');
  const recipient = parseEmail(isOpen ? `x${address.slice(1)}` : address);
  if (!recipient || address.includes('*', 1)) return null;
  return isOpen ? `*${addressOf(recipient).slice(1)}` : addressOf(recipient);
}

/** The configured test identities. After its last day, an identity is an ordinary address. */
export class TestIdentities implements OnApplicationBootstrap {
  private readonly logger = new Logger('TestIdentities');

  constructor(private readonly identities: TestIdentity[]) {}

  onApplicationBootstrap(): void {
    const active = this.active().length;
    if (active > 0) this.logger.warn({ msg: 'TEST_IDENTITIES: these addresses have known codes', active });
  }

  has(recipient: Recipient): boolean {
    return this.codeOf(recipient) !== undefined;
  }

  codeOf(recipient: Recipient): string | undefined {
    return this.active().find((identity) => isMatch(identity, recipient))?.code;
  }

  /** The addresses of active identities without `*`. */
  get exactAddresses(): string[] {
    return this.active()
      .map(({ pattern }) => pattern)
      .filter((pattern) => !pattern.includes('*'));
  }

  /** Uses the clock of this process. Small differences between processes do not matter here. */
  private active(): TestIdentity[] {
    const now = new Date();
    return this.identities.filter(({ until }) => !until || until > now);
  }
}
