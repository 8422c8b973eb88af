import { Body, Controller, HttpCode, Patch, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { SEND_PROBLEMS } from '../budgets/budgets.examples.js';
import { OptionalCaller, OptionallySignedIn, Public, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { BODY_PROBLEMS, CommonError } from '../http/common.errors.js';
import { IDEMPOTENCY_PROBLEMS } from '../idempotency/idempotency.errors.js';
import { IdempotentRequests, type RequestWithKey } from '../idempotency/idempotent-requests.service.js';
import { Keyed } from '../idempotency/keyed.js';
import { ApiProblems } from '../http/api-problems.js';
import { supportedLocale } from '../common/locale.js';
import { OtpError } from '../otp/otp.errors.js';
import { RESET_PROBLEMS } from './auth.examples.js';
import { ForgotPassword, RESET_CREDENTIALS, ResetPassword } from './password.dto.js';
import { PasswordResetService } from './password-reset.service.js';
import { Message } from './sign-in.dto.js';

@ApiTags('Password')
@Controller('auth')
export class PasswordController {
  constructor(
    private readonly resets: PasswordResetService,
    private readonly idempotent: IdempotentRequests,
  ) {}

  /**
   * Request a password reset
   *
   * @remarks Mails a link and a code, in development to `/inbox`. One of them can be used, once,
   * within 15 minutes. The reply is the same for every address, with an account or without. It is
   * 202 only if a mail is sent.
   */
  @Public()
  @Post('forgot')
  @HttpCode(202)
  @ApiBody({
    type: ForgotPassword,
    examples: { email: { summary: 'E-mail address', value: { email: 'grace@example.com' } } },
  })
  @ApiProblems(OtpError.cooldown(42), ...SEND_PROBLEMS, ...IDEMPOTENCY_PROBLEMS, ...BODY_PROBLEMS)
  requestPasswordReset(
    @Body() { email, locale }: ForgotPassword,
    @CurrentClient() client: Client,
    @Keyed() keyed?: RequestWithKey,
  ): Promise<Message> {
    return this.idempotent.once(keyed, async () => {
      await this.resets.requestReset(email, client, supportedLocale(locale) ?? client.locale);
      return { message: 'If this address has an account, a mail is on its way.' };
    });
  }

  /**
   * Set a new password
   *
   * @remarks Needs one of: the `token` from the link that `/auth/forgot` mailed, in development at
   * `/inbox`; `email` and the `otp` from the same mail; an access token. An access token alone is
   * enough within ten minutes of the sign-in; after that `currentPassword` is needed too. It is
   * not read if the body has `token`, `email` or `otp`. Ends all sessions of the user.
   */
  @OptionallySignedIn(...RESET_CREDENTIALS)
  @Patch('reset')
  // The empty requirement makes the token optional.
  @ApiSecurity({})
  @ApiBearerAuth()
  @ApiBody({
    type: ResetPassword,
    examples: {
      code: {
        summary: 'Code from the mail',
        value: { email: 'grace@example.com', otp: '123456', password: 'correct horse battery staple' },
      },
      link: {
        summary: 'Link from the mail',
        value: { token: 'the part of the link after #token=', password: 'correct horse battery staple' },
      },
      session: { summary: 'Signed in', value: { password: 'correct horse battery staple' } },
    },
  })
  @ApiProblems(CommonError.unauthorized(), CommonError.reauthenticate(), ...RESET_PROBLEMS)
  async resetPassword(
    @Body() body: ResetPassword,
    @OptionalCaller() caller: Caller | undefined,
    @CurrentClient() client: Client,
  ): Promise<Message> {
    await this.resets.reset(body, caller, client);
    return { message: 'The password was changed. Please sign in.' };
  }
}
