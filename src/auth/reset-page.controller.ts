import { Controller, Get } from '@nestjs/common';
import { StandalonePage } from '../http/standalone-page.js';
import { Config } from '../config/config.js';
import { RESET_SCRIPT, resetPage } from './reset.page.js';

/** The page for choosing a new password, used unless `RESET_URL` names another one. */
@Controller('reset')
export class ResetPageController {
  constructor(private readonly config: Config) {}

  @Get()
  @StandalonePage(RESET_SCRIPT)
  page(): string {
    return resetPage(this.config.PASSWORD_MIN_LENGTH);
  }
}
