import { Controller, Get } from '@nestjs/common';
import { StandalonePage } from '../http/standalone-page.js';
import { SIGN_IN_SCRIPT, signInPage } from './sign-in.page.js';

/** The page of a sign-in link, for applications that do not serve their own (`SIGN_IN_URL`). */
@Controller('sign-in')
export class SignInPageController {
  @Get()
  @StandalonePage(SIGN_IN_SCRIPT)
  page(): string {
    return signInPage();
  }
}
