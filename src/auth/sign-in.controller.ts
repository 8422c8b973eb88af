import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, Public, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { BODY_PROBLEMS, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { ApiProblems, withOtp } from '../http/api-problems.js';
import { supportedLocale } from '../common/locale.js';
import { addressErrors, OtpError } from '../otp/otp.errors.js';
import { OtpService } from '../otp/otp.service.js';
import { Purposes } from '../otp/purposes.js';
import { Recipients } from '../otp/recipients.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { SignOutService } from '../sessions/sign-out.service.js';
import { UserError } from '../users/users.errors.js';
import { AuthError } from './auth.errors.js';
import {
  LogIn,
  Message,
  Refresh,
  SendSignInCode,
  SignedIn,
  SignInCodeApproved,
  SignInCodeSent,
  Tokens,
  VerifySignInCode,
} from './sign-in.dto.js';
import { LOGIN_EXAMPLES, LOGIN_PROBLEMS } from './auth.examples.js';
import { SignInService } from './sign-in.service.js';

/** What "Try it out" starts with. */
const ADDRESS_EXAMPLES = {
  sms: { summary: 'By SMS', value: { phone: '+14155550123' } },
  email: { summary: 'By e-mail', value: { email: 'ada@example.com' } },
};

const STILL_PENDING = { VerificationStatus: 'pending' };

@ApiTags('Sign-in')
@Controller('auth')
export class SignInController {
  constructor(
    private readonly otp: OtpService,
    private readonly purposes: Purposes,
    private readonly recipients: Recipients,
    private readonly signIn: SignInService,
    private readonly sessions: SessionsService,
    private readonly signOut: SignOutService,
  ) {}

  /**
   * Send a sign-in code
   *
   * @remarks By SMS to a phone number or by e-mail. Try it here, then read the message at `/inbox`.
   */
  @Public()
  @Post('send_otp')
  @ApiBody({ type: SendSignInCode, examples: ADDRESS_EXAMPLES })
  @ApiProblems(OtpError.cooldown(42), OtpError.sendLimit(3600), ...addressErrors('phone'), ...BODY_PROBLEMS)
  async sendOtp(
    @Body() { phone, email, channel, locale: asked }: SendSignInCode,
    @CurrentClient() client: Client,
  ): Promise<SignInCodeSent> {
    const recipient = this.recipients.fromFields({ phone, email });
    const lane = await this.sessions.laneForDevice(recipient, client.deviceToken);
    const policy = this.purposes.policyOf('login');
    const locale = supportedLocale(asked) ?? client.locale;
    const { challenge } = await this.otp.send({ recipient, channel, policy, lane, locale });
    return { message: 'OTP sent successfully.', VerificationStatus: 'pending', challenge };
  }

  /**
   * Sign in with a code
   *
   * @remarks A right code is accepted once. The reply holds tokens where an account owns the address. While the sign-in is
   * still open, the refusal says `VerificationStatus: pending`.
   */
  @Public()
  @Post('verify_otp')
  @ApiBody({ type: VerifySignInCode, examples: withOtp(ADDRESS_EXAMPLES) })
  @ApiProblems(
    OtpError.invalid(2).with(STILL_PENDING),
    OtpError.expired().with(STILL_PENDING),
    OtpError.exhausted(),
    OtpError.notFound(),
    OtpError.guessLimit(3600),
    UserError.disabled(),
    UserError.accountChanged(),
    ...BODY_PROBLEMS,
  )
  async verifyOtp(
    @Body() { phone, email, otp }: VerifySignInCode,
    @CurrentClient() client: Client,
  ): Promise<SignInCodeApproved> {
    const signedIn = await this.signIn.signInWithCode(
      this.recipients.fromFields({ phone, email }),
      otp,
      client,
    );
    return { VerificationStatus: 'approved', ...signedIn };
  }

  /**
   * Sign in with a password
   *
   * @remarks The answer is the same for an unknown address and a wrong password. An owner who is locked out by somebody's guesses
   * signs in with a code.
   */
  @Public()
  @Post('login')
  @HttpCode(200)
  @ApiBody({ type: LogIn, examples: LOGIN_EXAMPLES })
  @ApiProblems(...LOGIN_PROBLEMS)
  logIn(@Body() { email, password }: LogIn, @CurrentClient() client: Client): Promise<SignedIn> {
    return this.signIn.signInWithPassword(email, password, client);
  }

  /**
   * Get new tokens
   *
   * @remarks Each refresh token works once; the reply holds the next one. Used again later than ten seconds after, it ends its
   * session, for then two have it.
   */
  @Public()
  @Post('refresh')
  @HttpCode(200)
  @ApiBody({
    type: Refresh,
    examples: { token: { summary: 'Of this session', value: { refreshToken: 'from the last reply' } } },
  })
  @ApiProblems(AuthError.refreshInvalid(), ...BODY_PROBLEMS)
  refresh(@Body() { refreshToken }: Refresh, @CurrentClient() client: Client): Promise<Tokens> {
    return this.signIn.refresh(refreshToken, client);
  }

  /**
   * Sign out
   *
   * @remarks Ends this session: its tokens stop working at once, everywhere. The device stays recognised.
   */
  @Post('logout')
  @ApiBearerAuth()
  @ApiProblems(...SIGNED_IN_PROBLEMS)
  async logOut(@CurrentCaller() caller: Caller, @CurrentClient() client: Client): Promise<Message> {
    await this.signOut.endSession(caller, caller.sessionId, { client });
    return { message: 'Signed out.' };
  }
}
