import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { Housekeeping } from '../../database/housekeeping.js';
import { MessageRepository } from './message.repository.js';

/** Removes messages that finished long ago. */
@Injectable()
export class OutboxHousekeeping {
  constructor(
    messages: MessageRepository,
    { MESSAGE_RETENTION_DAYS: days }: Config,
    housekeeping: Housekeeping,
  ) {
    housekeeping.addRemoval('messages', (limit) => messages.removeOld(days, limit));
  }
}
