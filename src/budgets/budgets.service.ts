import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Channel } from '../common/delivery.js';
import { isPhone, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { readPhonePrices } from '../config/phone-prices.js';
import type { AppError } from '../common/app-error.js';
import type { Client } from '../http/client.js';
import { budgetOf, reportMessagesLeft } from './application-budget.js';
import { accountKey, MONEY, keysOfPerson, recipientKey, sendKeys } from './budget-keys.js';
import { BudgetRepository } from './budget.repository.js';
import { BudgetError } from './budgets.errors.js';
import { FraudRules } from './fraud-rules.js';
import { PasswordBudgets, type PasswordAttempt } from './password-budgets.js';
import { Prices } from './prices.js';
import { ProofCheck } from './proof-check.js';
import { SendCounter } from './send-counter.js';
import { isAccepted, type CountedSend, type Verdict } from './send-ledger.js';
import { VerdictLog } from './verdict-log.js';

export type { PasswordAttempt } from './password-budgets.js';

/** A message with a code, before it is queued. */
export interface SendCharge {
  recipient: Recipient;
  channel: Channel;
  client: Client;
  /** A recognised device of the account that owns the address asks for the message. */
  isRecognised: boolean;
  /** The account that asks to change to this address. */
  userId?: string;
  /** How many times the price of a segment is paid. */
  segments: number;
}

/** What was counted for a message, so that it can be given back. */
export interface SendReceipt {
  /** Stored with the message: `allowed`, `proof_of_work`, `observed:prefix` … */
  readonly verdict: string;
  /** In millionths of the unit of `PHONE_PRICES`. */
  readonly price: number;
  readonly counted: CountedSend;
}

/** A message cost another price than it was charged. */
export interface PriceCorrection {
  /** In millionths. */
  difference: number;
  chargedAt: Date;
  recipient: Recipient;
  applicationId: string | null;
}

/** New addresses that an account may ask to change to in a day. */
const NEW_ADDRESSES = 5;
const DAY_SECONDS = 86_400;
/** What a blocked caller is told at most, because a block can be lifted. */
const BLOCK_RETRY_SECONDS = 3_600;

/** Limits what a caller may cost: messages, money and guesses at passwords. */
@Injectable()
export class Budgets {
  private readonly prices: Prices;

  constructor(
    private readonly counter: SendCounter,
    private readonly repository: BudgetRepository,
    private readonly passwords: PasswordBudgets,
    private readonly proofs: ProofCheck,
    private readonly rules: FraudRules,
    private readonly verdicts: VerdictLog,
    config: Config,
  ) {
    this.prices = new Prices(readPhonePrices(config.PHONE_PRICES));
  }

  /**
   * Counts a message before it is queued. Throws the errors of `BudgetError`; then nothing stays
   * counted.
   */
  async chargeSend(send: SendCharge): Promise<SendReceipt> {
    const { recipient, client, userId } = send;
    this.refuseBlocked(recipient, client);

    const counted = this.toCount(send, await this.proofs.accept(recipient, client));
    const { verdict, application } = await this.counter.charge(counted);
    reportMessagesLeft(client, application);
    if (verdict.outcome === 'refused')
      throw this.verdicts.refuse(recipient, verdict.scope, verdict.retryAfter);
    if (!isAccepted(verdict, counted)) throw await this.demandProof(send, verdict);
    if (userId !== undefined) await this.addAddress(userId, counted, recipient);
    if (verdict.outcome === 'proof') this.verdicts.add(recipient, 'proof_solved', verdict.scope);

    const { observed } = verdict;
    if (observed) this.verdicts.add(recipient, 'observed', observed);
    if (verdict.outcome === 'allowed') this.verdicts.add(recipient, 'allowed', 'none');
    const solved = verdict.outcome === 'proof';
    return {
      verdict: solved ? 'proof_of_work' : observed ? `observed:${observed}` : 'allowed',
      price: counted.price,
      counted,
    };
  }

  /** Gives back what a message was charged that was not queued after all. */
  refundSend({ counted }: SendReceipt): void {
    this.counter.refund(counted);
  }

  /** A right code pays back what was outstanding for the recipient. */
  creditVerified(recipient: Recipient): Promise<void> {
    return this.counter.credit(sendKeys(recipient, null));
  }

  /**
   * Counts a guess before the password is compared. Throws `password_guess_limit` or
   * `proof_of_work_required`.
   */
  chargePassword(attempt: PasswordAttempt): Promise<void> {
    return this.passwords.charge(attempt);
  }

  /** After a right password: resets the account's budget and gives one guess back to the network. */
  creditPassword(attempt: PasswordAttempt): Promise<void> {
    return this.passwords.credit(attempt);
  }

  /** What a message is charged, in millionths. */
  priceOf(recipient: Recipient, channel: Channel, segments: number): number {
    return this.prices.ofSegment(recipient, channel) * segments;
  }

  /** Corrects what was counted as spent, in the windows that the message was charged in. */
  async correctPrice({ difference, chargedAt, recipient, applicationId }: PriceCorrection): Promise<void> {
    const { prefix, country, application } = sendKeys(recipient, null, applicationId ?? undefined);
    const keys = [MONEY, prefix, country, application].filter((key) => key !== null);
    if (difference !== 0) await this.repository.addSpent(keys, difference, chargedAt);
  }

  /** An administrator unblocks the recipient, in the manager's transaction if given. */
  reset(recipient: Recipient, manager?: EntityManager): Promise<void> {
    return this.repository.remove([recipientKey(recipient)], manager);
  }

  /** Removes the rows of an erased account and of its own addresses. */
  forget(userId: string, recipients: Recipient[], manager: EntityManager): Promise<void> {
    return this.repository.remove(keysOfPerson(userId, recipients), manager);
  }

  private toCount(send: SendCharge, proofLevel: number): CountedSend {
    const { recipient, channel, client, isRecognised, segments } = send;
    const { application, ip, isServerAddress = false } = client;
    return {
      keys: sendKeys(recipient, isServerAddress ? null : ip, application?.id),
      evidence: {
        isPhone: isPhone(recipient),
        isRecognised,
        isServer: application?.kind === 'server',
      },
      price: this.priceOf(recipient, channel, segments),
      application: application ? budgetOf(application) : null,
      isSafeNumber: this.rules.isSafeNumber(recipient),
      isSafeAddress: this.rules.isSafeAddress(ip),
      proofLevel,
    };
  }

  private refuseBlocked(recipient: Recipient, { ip, isServerAddress }: Client): void {
    const number = this.rules.blockOfNumber(recipient);
    const address = isServerAddress ? undefined : this.rules.blockOfAddress(ip);
    const block = number ?? address;
    if (!block) return;
    this.verdicts.add(recipient, 'refused', 'block');
    throw number
      ? BudgetError.phoneLimit(BLOCK_RETRY_SECONDS)
      : BudgetError.networkLimit(BLOCK_RETRY_SECONDS);
  }

  private async addAddress(userId: string, counted: CountedSend, recipient: Recipient): Promise<void> {
    const key = accountKey(userId);
    if (await this.repository.addAddress(key, recipient, NEW_ADDRESSES)) return;
    this.counter.refund(counted);
    this.verdicts.add(recipient, 'refused', 'account');
    const { secondsLeft } = await this.repository.readGuesses(key, DAY_SECONDS);
    throw BudgetError.addressChangeLimit(secondsLeft);
  }

  private demandProof({ recipient, client }: SendCharge, verdict: Verdict): Promise<AppError> {
    const { scope, level } = verdict as Extract<Verdict, { outcome: 'proof' }>;
    this.verdicts.add(recipient, 'proof_required', scope);
    return this.proofs.required(recipient, client, level);
  }
}
