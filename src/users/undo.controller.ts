import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { Public } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { BODY_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { ContactsService } from './contacts.service.js';
import { UndoContactChange } from './users.dto.js';
import { UserError } from './users.errors.js';

@ApiTags('Profile')
@Public()
@Controller('users/contact')
export class UndoController {
  constructor(private readonly contacts: ContactsService) {}

  /**
   * Undo a change of address
   *
   * @remarks With the token of the link that the old address got. The account gets its address back, its password is removed,
   * and all its sessions and devices end: sign in by code and set a new password.
   */
  @Post('undo')
  @HttpCode(204)
  @ApiBody({
    type: UndoContactChange,
    examples: { link: { summary: 'From a link', value: { token: 'the part of the link after #token=' } } },
  })
  @ApiProblems(UserError.undoInvalid(), UserError.addressTaken(), ...BODY_PROBLEMS)
  undo(@Body() { token }: UndoContactChange, @CurrentClient() client: Client): Promise<void> {
    return this.contacts.undo(token, client);
  }
}
