import { BlockList, isIP } from 'node:net';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { addressOf, countryOf, isPhone, type Recipient } from '../common/recipient.js';
import { Housekeeping } from '../database/housekeeping.js';
import { FraudRuleRepository, type FraudEffect, type FraudRule } from './fraud-rule.repository.js';

const REFRESH_MS = 3_000;

/** The rules of one effect, for a look-up in memory. */
class RuleIndex {
  private readonly numbers = new Map<string, FraudRule>();
  private readonly networks: { rule: FraudRule; addresses: BlockList }[] = [];

  constructor(rules: FraudRule[]) {
    for (const rule of rules) {
      if (rule.scope === 'network') this.networks.push({ rule, addresses: addressesOf(rule.value) });
      else this.numbers.set(rule.value, rule);
    }
  }

  /** By country, or by any prefix up to the whole number. */
  ofNumber(recipient: Recipient): FraudRule | undefined {
    if (this.numbers.size === 0 || !isPhone(recipient)) return undefined;
    const number = addressOf(recipient);
    for (let end = number.length; end > 1; end--) {
      const rule = this.numbers.get(number.slice(0, end));
      if (rule) return rule;
    }
    return this.numbers.get(countryOf(recipient) ?? '');
  }

  ofAddress(ip: string): FraudRule | undefined {
    const family = isIP(ip) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(ip) === 0) return undefined;
    return this.networks.find(({ addresses }) => addresses.check(ip, family))?.rule;
  }
}

function addressesOf(network: string): BlockList {
  const addresses = new BlockList();
  const [address = '', bits = '128'] = network.split('/');
  addresses.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return addresses;
}

/** The blocks and the safe list, in memory. Changes by any process arrive within a few seconds. */
@Injectable()
export class FraudRules implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('FraudRules');
  private blocks = new RuleIndex([]);
  private safe = new RuleIndex([]);
  private timer?: NodeJS.Timeout;
  private refreshing: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly rules: FraudRuleRepository,
    housekeeping: Housekeeping,
  ) {
    housekeeping.addRemoval('ended blocks', (limit) => rules.removeEnded(limit));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.refresh();
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.refreshing;
  }

  /** The rule that exempts the number from the limits per prefix and country. */
  isSafeNumber(recipient: Recipient): boolean {
    return this.safe.ofNumber(recipient) !== undefined;
  }

  isSafeAddress(ip: string): boolean {
    return this.safe.ofAddress(ip) !== undefined;
  }

  /** The block of the number; an entry of the safe list comes before it. */
  blockOfNumber(recipient: Recipient): FraudRule | undefined {
    return this.isSafeNumber(recipient) ? undefined : this.blocks.ofNumber(recipient);
  }

  blockOfAddress(ip: string): FraudRule | undefined {
    return this.isSafeAddress(ip) ? undefined : this.blocks.ofAddress(ip);
  }

  /** Reads the rules now. While the database fails, the last ones stay in force. */
  async refresh(): Promise<void> {
    try {
      const active = await this.rules.active();
      const index = (effect: FraudEffect) => new RuleIndex(active.filter((rule) => rule.effect === effect));
      this.blocks = index('block');
      this.safe = index('safe');
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      this.logger.warn({ msg: 'blocks and safe list were not read', error: name });
    }
  }

  private schedule(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.refreshing = this.refresh().then(() => this.schedule());
    }, REFRESH_MS).unref();
  }
}
