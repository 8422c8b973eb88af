import { Injectable } from '@nestjs/common';
import { Keyring } from '../common/keyring.js';
import { addressOf, maskedAddress, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import type { MessageContent } from '../notifier/notifier.js';
import {
  ContactChangeRepository,
  fieldOf,
  UNDO_HOURS,
  type ContactField,
} from './contact-change.repository.js';
import { createUndoToken, readUndoToken } from './undo-token.js';

/** A contact change that can still be undone. */
export interface OpenUndo {
  token: string;
  /** The content of the notice `contact_changed`. */
  notice: MessageContent;
}

/** The links that undo contact changes. */
@Injectable()
export class UndoLinks {
  constructor(
    private readonly changes: ContactChangeRepository,
    private readonly keyring: Keyring,
    private readonly config: Config,
  ) {}

  /**
   * The newest change of this address that can still be undone. Null if there is none, or if the
   * account has the address again. The address is reserved for that account until the change expires,
   * so whoever proves it meanwhile is offered the undo instead of an account.
   */
  async findFor(formerAddress: Recipient): Promise<OpenUndo | null> {
    const field = fieldOf(formerAddress);
    const change = await this.changes.findOpen(field, addressOf(formerAddress));
    return change && this.forChange(change.id, field, change.to);
  }

  /** The link of a change from one address to another. */
  forChange(changeId: string, field: ContactField, to: string): OpenUndo {
    const token = createUndoToken(this.keyring, changeId);
    return {
      token,
      notice: {
        field,
        to: maskedAddress(`${field}:${to}`),
        link: `${this.config.publicUrl}/undo#token=${token}`,
        undoHours: UNDO_HOURS,
      },
    };
  }

  /** The id of the change. Null if the token is not genuine. Does not check whether it is still open. */
  read(token: string): string | null {
    return readUndoToken(this.keyring, token);
  }
}
