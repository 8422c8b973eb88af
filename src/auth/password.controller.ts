import { Body, Controller, HttpCode, Patch, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import { OptionalCaller, OptionallySignedIn, Public, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { BODY_PROBLEMS, CommonError } from '../http/common.errors.js';
import { ApiProblems } from '../http/api-problems.js';
import { supportedLocale } from '../common/locale.js';
import { RESET_PROBLEMS } from './auth.examples.js';
import { ForgotPassword, ResetPassword } from './password.dto.js';
import { PasswordResetService } from './password-reset.service.js';
import { Message } from './sign-in.dto.js';

@ApiTags('Password')
@Controller('auth')
export class PasswordController {
  constructor(private readonly resets: PasswordResetService) {}

  /**
   * Ask for a password reset
   *
   * @remarks Mails a link and a code, of which either works once within 15 minutes. The reply is the same for every address.
   */
  @Public()
  @Post('forgot')
  @HttpCode(202)
  @ApiBody({
    type: ForgotPassword,
    examples: { email: { summary: 'An account', value: { email: 'ada@example.com' } } },
  })
  @ApiProblems(...BODY_PROBLEMS)
  async forgot(@Body() { email, locale }: ForgotPassword, @CurrentClient() client: Client): Promise<Message> {
    await this.resets.requestReset(email, supportedLocale(locale) ?? client.locale);
    return { message: 'If there is an account with this address, a mail is on its way to it.' };
  }

  /**
   * Set a new password
   *
   * @remarks With the `token` of the link, with `email` and `otp` of the same mail, or signed in: within ten minutes of the sign-in,
   * or with `currentPassword`. Every session of the user ends.
   */
  @OptionallySignedIn()
  @Patch('reset')
  @ApiBearerAuth()
  @ApiBody({
    type: ResetPassword,
    examples: {
      code: {
        summary: 'With the code',
        value: { email: 'ada@example.com', otp: '123456', password: 'correct horse battery staple' },
      },
      link: {
        summary: 'With the link',
        value: { token: 'the part of the link after #token=', password: 'correct horse battery staple' },
      },
      session: { summary: 'Signed in', value: { password: 'correct horse battery staple' } },
    },
  })
  @ApiProblems(CommonError.unauthorized(), CommonError.reauthenticate(), ...RESET_PROBLEMS)
  async reset(
    @Body() body: ResetPassword,
    @OptionalCaller() caller: Caller | undefined,
    @CurrentClient() client: Client,
  ): Promise<Message> {
    await this.resets.reset(body, caller, client);
    return { message: 'The password is changed. Please sign in.' };
  }
}
