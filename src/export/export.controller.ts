import { Readable } from 'node:stream';
import { Controller, Get, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems.js';
import { CurrentCaller, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { CommonError, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { PersonalData } from './export.dto.js';
import { ExportService } from './export.service.js';

@ApiTags('Account')
@ApiBearerAuth()
@Controller('users/me/export')
export class ExportController {
  constructor(private readonly exports: ExportService) {}

  /**
   * Export your data
   *
   * @remarks Everything that is stored about you, as one JSON document, without codes and other
   * secrets. Needs a sign-in within ten minutes.
   */
  @Get()
  @ApiOkResponse({ type: PersonalData, description: 'Everything about you' })
  @ApiProblems(CommonError.reauthenticate(), ...SIGNED_IN_PROBLEMS)
  async exportAccount(
    @CurrentCaller() caller: Caller,
    @CurrentClient() client: Client,
  ): Promise<StreamableFile> {
    return new StreamableFile(Readable.from(await this.exports.write(caller, client)), {
      type: 'application/json; charset=utf-8',
      disposition: 'attachment; filename="account.json"',
    });
  }
}
