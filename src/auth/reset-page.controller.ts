import { Controller, Get } from '@nestjs/common';
import { StandalonePage } from '../http/standalone-page.js';
import { Config } from '../config/config.js';
import { RESET_SCRIPT, resetPage } from './reset.page.js';

/** The page for a new password, for applications that do not serve their own (`RESET_URL`). */
@Controller('reset')
export class ResetPageController {
  constructor(private readonly config: Config) {}

  @Get()
  @StandalonePage(RESET_SCRIPT)
  page(): string {
    return resetPage(this.config.PASSWORD_MIN_LENGTH);
  }
}
