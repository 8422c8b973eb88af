import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { Public } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { BODY_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { AccountClosure } from './account-closure.service.js';
import { ContactsService } from './contacts.service.js';
import { UndoContactChange, UndoDeletion } from './users.dto.js';
import { UserError } from './users.errors.js';

@ApiTags('Account')
@Public()
@Controller('users')
export class UndoController {
  constructor(
    private readonly contacts: ContactsService,
    private readonly closure: AccountClosure,
  ) {}

  /**
   * Undo a contact change
   *
   * @remarks Takes the token from the link that was sent to the old address, in development at
   * `/inbox`, or the `undoToken` that a proof of the old address returned. No other account gets
   * the old address within the 72 hours in which the link works. Restores the address, removes the
   * password, ends all sessions and forgets all devices. An account that was deleted since is
   * opened again. To continue, sign in with a code and set a new password.
   */
  @Post('contact/undo')
  @HttpCode(204)
  @ApiBody({
    type: UndoContactChange,
    examples: {
      link: { summary: 'Token from the link', value: { token: 'the part of the link after #token=' } },
    },
  })
  @ApiProblems(UserError.undoInvalid(), ...BODY_PROBLEMS)
  undoContactChange(@Body() { token }: UndoContactChange, @CurrentClient() client: Client): Promise<void> {
    return this.contacts.undo(token, client);
  }

  /**
   * Undo the deletion of an account
   *
   * @remarks Takes the token from the link that was sent to the addresses of the account, in
   * development at `/inbox`. It works for 72 hours. Sessions stay ended: sign in again.
   */
  @Post('deletion/undo')
  @HttpCode(204)
  @ApiBody({
    type: UndoDeletion,
    examples: {
      link: { summary: 'Token from the link', value: { token: 'the part of the link after #token=' } },
    },
  })
  @ApiProblems(UserError.undoInvalid(), ...BODY_PROBLEMS)
  undoAccountDeletion(@Body() { token }: UndoDeletion, @CurrentClient() client: Client): Promise<void> {
    return this.closure.undo(token, client);
  }
}
