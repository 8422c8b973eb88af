import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Recipient } from '../../common/recipient.js';
import { MICROS } from '../../config/phone-prices.js';
import { Sql, statement } from '../../database/sql.js';
import type { LogEntry, MessageState } from './message.js';
import { belongsToChallenge } from './message.sql.js';

/** A message as an operator may see it, without its content. */
export interface MessageSummary {
  id: string;
  recipient: Recipient;
  challengeId: string | null;
  purpose: string;
  channel: string;
  template: string;
  state: MessageState;
  attempts: number;
  failure: string | null;
  /** Of the budgets; null for a notice. */
  verdict: string | null;
  /** In the unit of `PHONE_PRICES`; null for a notice. */
  price: number | null;
  provider: string | null;
  applicationId: string | null;
  metadata: Record<string, string> | null;
  createdAt: Date;
  expiresAt: Date;
  finishedAt: Date | null;
  log: LogEntry[];
}

/** Why a recipient receives no messages. */
export interface Suppression {
  reason: string;
  provider: string;
  createdAt: Date;
}

/** More than a recipient gets in ten days. */
const MAX_MESSAGES = 100;

const SELECT = `
  select id, recipient, challenge_id as "challengeId", purpose, channel, template, state, attempts, failure, verdict, provider,
    coalesce(real_price, price)::float8 / ${MICROS} as price,
    application_id as "applicationId", metadata, created_at as "createdAt", expires_at as "expiresAt", finished_at as "finishedAt", log
  from messages m`;

const OF_RECIPIENT = statement(
  'messages_of_recipient',
  `${SELECT} where recipient = $1 order by created_at desc, id desc limit ${MAX_MESSAGES}`,
);

const OF_CHALLENGE = statement(
  'messages_of_challenge',
  `${SELECT} where ${belongsToChallenge('$1')} order by created_at desc, id desc limit ${MAX_MESSAGES}`,
);

/** The id is the order of creation. */
const PAGE = statement(
  'messages_page',
  `
    ${SELECT} where recipient = $1 and id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    order by id limit $3::int`,
);

const SUPPRESSION = statement(
  'suppressions_of',
  `select reason, provider, created_at as "createdAt" from suppressions where recipient = $1`,
);

/** Messages and suppressions of a recipient, for operators. */
@Injectable()
export class MessageHistory {
  constructor(private readonly sql: Sql) {}

  /** Newest first, up to a hundred. */
  ofRecipient(recipient: Recipient): Promise<MessageSummary[]> {
    return this.sql.rows<MessageSummary>(OF_RECIPIENT, [recipient]);
  }

  /** Newest first, up to a hundred. */
  ofChallenge(challengeId: string): Promise<MessageSummary[]> {
    return this.sql.rows<MessageSummary>(OF_CHALLENGE, [challengeId]);
  }

  /** Oldest first, without limit over all pages. */
  page(recipient: Recipient, after: string | undefined, count: number): Promise<MessageSummary[]> {
    return this.sql.rows<MessageSummary>(PAGE, [recipient, after ?? null, count]);
  }

  suppressionOf(recipient: Recipient): Promise<Suppression | null> {
    return this.sql.row<Suppression>(SUPPRESSION, [recipient]);
  }

  /** Allows messages to the recipient again. Returns whether it was suppressed. */
  async unsuppress(recipient: Recipient, manager: EntityManager): Promise<boolean> {
    const lifted = await manager.query<unknown[]>(
      'with lifted as (delete from suppressions where recipient = $1 returning 1) select 1 from lifted',
      [recipient],
    );
    return lifted.length > 0;
  }
}
