import { Injectable } from '@nestjs/common';
import type { Channel } from '../common/delivery.js';
import type { Recipient } from '../common/recipient.js';
import type { Client } from '../http/client.js';

/** A message with a code, before it is queued. */
export interface SendCharge {
  recipient: Recipient;
  channel: Channel;
  client: Client;
  /** A recognised device of the account that owns the address asks for the message. */
  isRecognised: boolean;
  /** The account that asks to change to this address. */
  userId?: string;
  /** Of an SMS. Default: 1. */
  segments?: number;
}

/** What was counted for a message, so that it can be given back. */
export interface SendReceipt {
  /** Stored with the message: `allowed`, `proof_of_work`, `observed:prefix` … */
  readonly verdict: string;
  /** In millionths of the unit of `PHONE_PRICES`. */
  readonly price: number;
}

/** A guess at a user's password. */
export interface PasswordAttempt {
  /**
   * The account's address, for example 'email:ada@example.com'. The account need not exist. Every
   * route names the same address for an account, so that all routes share one budget.
   */
  subject: string;
  /** The guess comes from a recognised device of the account, or from one of its sessions. */
  isRecognised: boolean;
  client: Client;
}

/** Limits what a caller may cost: messages, money and guesses at passwords. */
@Injectable()
export class Budgets {
  /** Counts a message before it is queued. Throws the errors of `BudgetError`. */
  chargeSend(send: SendCharge): Promise<SendReceipt> {
    void send;
    return Promise.resolve({ verdict: 'allowed', price: 0 });
  }

  /** Gives back what a message was charged that was not queued after all. */
  refundSend(receipt: SendReceipt): void {
    void receipt;
  }

  /** A right code pays back what was outstanding for the recipient. */
  creditVerified(recipient: Recipient): Promise<void> {
    void recipient;
    return Promise.resolve();
  }

  /**
   * Counts a guess before the password is compared. Throws `password_guess_limit` or
   * `proof_of_work_required`.
   */
  chargePassword(attempt: PasswordAttempt): Promise<void> {
    void attempt;
    return Promise.resolve();
  }

  /** After a right password: resets the account's budget and gives one guess back to the network. */
  creditPassword(attempt: PasswordAttempt): Promise<void> {
    void attempt;
    return Promise.resolve();
  }

  /** An administrator unblocks the recipient. */
  reset(recipient: Recipient): Promise<void> {
    void recipient;
    return Promise.resolve();
  }
}
