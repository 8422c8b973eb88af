import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Recipient } from '../../common/recipient.js';
import { Sql, statement } from '../../database/sql.js';
import type { MessageState } from './message.js';
import { belongsToChallenge } from './message.sql.js';

/** What may be shown of a message to whoever looks for it: nothing that it said. */
export interface MessageRecordRow {
  id: string;
  recipient: Recipient;
  challengeId: string | null;
  purpose: string;
  channel: string;
  template: string;
  state: MessageState;
  attempts: number;
  failure: string | null;
  provider: string | null;
  createdAt: Date;
  expiresAt: Date;
  finishedAt: Date | null;
  log: { at: string; event: string; provider?: string | null; reason?: string | null }[];
}

/** Why nothing is sent to a recipient. */
export interface SuppressionRow {
  reason: string;
  provider: string;
  createdAt: Date;
}

/** More than a recipient gets in ten days. */
const NEWEST = 100;

const SHOWN = `
  select id, recipient, challenge_id as "challengeId", purpose, channel, template, state, attempts, failure, provider,
    created_at as "createdAt", expires_at as "expiresAt", finished_at as "finishedAt", log
  from messages m`;

const OF_RECIPIENT = statement(
  'messages_of_recipient',
  `${SHOWN} where recipient = $1 order by created_at desc, id desc limit ${NEWEST}`,
);

const OF_CHALLENGE = statement(
  'messages_of_challenge',
  `${SHOWN} where ${belongsToChallenge('$1')} order by created_at desc, id desc limit ${NEWEST}`,
);

const SUPPRESSION = statement(
  'suppressions_of',
  `select reason, provider, created_at as "createdAt" from suppressions where recipient = $1`,
);

/** What became of messages, for operators. */
@Injectable()
export class MessageHistory {
  constructor(private readonly sql: Sql) {}

  /** The newest first, up to a hundred. */
  ofRecipient(recipient: Recipient): Promise<MessageRecordRow[]> {
    return this.sql.rows<MessageRecordRow>(OF_RECIPIENT, [recipient]);
  }

  /** The newest first. */
  ofChallenge(challengeId: string): Promise<MessageRecordRow[]> {
    return this.sql.rows<MessageRecordRow>(OF_CHALLENGE, [challengeId]);
  }

  suppressionOf(recipient: Recipient): Promise<SuppressionRow | null> {
    return this.sql.row<SuppressionRow>(SUPPRESSION, [recipient]);
  }

  /** Sends to it again from now on. Whether there was anything to lift. */
  async unsuppress(recipient: Recipient, manager: EntityManager): Promise<boolean> {
    const lifted = await manager.query<unknown[]>(
      'with lifted as (delete from suppressions where recipient = $1 returning 1) select 1 from lifted',
      [recipient],
    );
    return lifted.length > 0;
  }
}
