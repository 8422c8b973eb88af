import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiExtraModels,
  ApiSecurity,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { SEND_PROBLEMS } from '../budgets/budgets.examples.js';
import { CurrentCaller, OptionalCaller, OptionallySignedIn, Public, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { BODY_PROBLEMS, CommonError, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { problemsWithMsg } from '../http/msg.js';
import { IDEMPOTENCY_PROBLEMS } from '../idempotency/idempotency.errors.js';
import { IdempotentRequests, type RequestWithKey } from '../idempotency/idempotent-requests.service.js';
import { Keyed } from '../idempotency/keyed.js';
import { ApiProblems, withOtp } from '../http/api-problems.js';
import { addressErrors, OtpError } from '../otp/otp.errors.js';
import { Recipients } from '../otp/recipients.js';
import { SignOutService } from '../sessions/sign-out.service.js';
import { AuthError } from './auth.errors.js';
import { LINK_PROBLEMS, LOGIN_EXAMPLES, LOGIN_PROBLEMS, VERIFY_PROBLEMS } from './auth.examples.js';
import { SignInCodes } from './sign-in-codes.service.js';
import {
  AddressApproved,
  LogIn,
  Message,
  Refresh,
  SendSignInCode,
  SignedIn,
  SignInApproved,
  SignInCodeSent,
  SignInLink,
  Tokens,
  VerifySignInCode,
} from './sign-in.dto.js';
import { SignInService } from './sign-in.service.js';

const ADDRESS_EXAMPLES = {
  sms: { summary: 'By SMS', value: { phone: '+12025550143' } },
  email: { summary: 'By e-mail', value: { email: 'grace@example.com' } },
};

/** With tokens if an account has verified the address. */
const SignInReply = () =>
  ApiCreatedResponse({
    description:
      '`SignInApproved` with tokens if an account has verified the address, else `AddressApproved`',
    schema: { oneOf: [SignInApproved, AddressApproved].map((type) => ({ $ref: getSchemaPath(type) })) },
  });

@ApiTags('Sign-in')
@ApiExtraModels(SignInApproved, AddressApproved)
@Controller('auth')
export class SignInController {
  constructor(
    private readonly codes: SignInCodes,
    private readonly recipients: Recipients,
    private readonly signIn: SignInService,
    private readonly signOut: SignOutService,
    private readonly idempotent: IdempotentRequests,
  ) {}

  /**
   * Send a sign-in code
   *
   * @remarks Sends a code by SMS or e-mail. A mail also has a link to `SIGN_IN_URL`, whose token
   * `/auth/link` accepts instead of the code. In development, read the message at `/inbox`. A
   * second request within a minute replies `otp_cooldown`.
   */
  @Public()
  @Post('send_otp')
  @ApiBody({ type: SendSignInCode, examples: ADDRESS_EXAMPLES })
  @ApiProblems(
    ...problemsWithMsg(
      OtpError.cooldown(42),
      ...SEND_PROBLEMS,
      ...addressErrors('phone'),
      ...IDEMPOTENCY_PROBLEMS,
      ...BODY_PROBLEMS,
    ),
  )
  sendOtp(
    @Body() body: SendSignInCode,
    @CurrentClient() client: Client,
    @Keyed() keyed?: RequestWithKey,
  ): Promise<SignInCodeSent> {
    return this.idempotent.once(keyed, async () => {
      const challenge = await this.codes.send(body, client);
      return { message: 'OTP sent successfully.', VerificationStatus: 'pending', challenge };
    });
  }

  /**
   * Sign in with a code
   *
   * @remarks Takes the code from the message of `/auth/send_otp`, in development at `/inbox`. A
   * code is accepted once. The reply has tokens if an account has verified the address. A phone
   * number that an account only claims is linked to it, and opens it, if the request shows
   * evidence of that account: its device token, or its access token. An invalid access token is
   * refused. A refusal of the code has `VerificationStatus: pending` while the sign-in is still
   * open.
   */
  @OptionallySignedIn()
  @Post('verify_otp')
  // The empty requirement makes the token optional.
  @ApiSecurity({})
  @ApiBearerAuth()
  @SignInReply()
  @ApiBody({ type: VerifySignInCode, examples: withOtp(ADDRESS_EXAMPLES) })
  @ApiProblems(...problemsWithMsg(CommonError.unauthorized(), ...VERIFY_PROBLEMS))
  async verifyOtp(
    @Body() { phone, email, otp }: VerifySignInCode,
    @OptionalCaller() caller: Caller | undefined,
    @CurrentClient() client: Client,
  ): Promise<SignInApproved | AddressApproved> {
    const recipient = this.recipients.fromFields({ phone, email });
    const result = await this.signIn.signInWithCode(recipient, otp, caller, client);
    return { VerificationStatus: 'approved', ...result };
  }

  /**
   * Sign in with the link from a mail
   *
   * @remarks Takes the token of the link in a sign-in mail, in development at `/inbox`, and
   * replies as `/auth/verify_otp` does. Whichever is used first, the link or its code, ends both.
   * Wrong guesses at the code do not end the link. Whoever has the link can sign in, on any device.
   */
  @OptionallySignedIn()
  @Post('link')
  @ApiSecurity({})
  @ApiBearerAuth()
  @SignInReply()
  @ApiBody({
    type: SignInLink,
    examples: { link: { summary: 'Link from the mail', value: { token: 'the part after #token=' } } },
  })
  @ApiProblems(CommonError.unauthorized(), ...LINK_PROBLEMS)
  async signInWithLink(
    @Body() { token }: SignInLink,
    @OptionalCaller() caller: Caller | undefined,
    @CurrentClient() client: Client,
  ): Promise<SignInApproved | AddressApproved> {
    const result = await this.signIn.signInWithLink(token, caller, client);
    return { VerificationStatus: 'approved', ...result };
  }

  /**
   * Sign in with a password
   *
   * @remarks Needs an account whose address was verified: see `/auth/register`. Accepts its e-mail
   * address and no username, because several accounts may have the same username. The reply is the
   * same for an unknown address and a wrong password. An owner who is locked out by another
   * person's guesses can sign in with a code.
   */
  @Public()
  @Post('login')
  @HttpCode(200)
  @ApiBody({ type: LogIn, examples: LOGIN_EXAMPLES })
  @ApiProblems(...LOGIN_PROBLEMS)
  login(@Body() { email, password }: LogIn, @CurrentClient() client: Client): Promise<SignedIn> {
    return this.signIn.signInWithPassword(email, password, client);
  }

  /**
   * Get new tokens
   *
   * @remarks Takes the `refreshToken` of the last reply that had one, from a sign-in or from here.
   * Each refresh token works once, and the reply has the next one. If the reply was lost, send the
   * same token again, with the device token (`X-Device-Token` or its cookie), within a day. In any
   * other case, a token that is sent again after ten seconds ends its session, because somebody
   * else may have a copy.
   */
  @Public()
  @Post('refresh')
  @HttpCode(200)
  @ApiBody({
    type: Refresh,
    examples: { token: { summary: 'Newest token', value: { refreshToken: 'from the last reply' } } },
  })
  @ApiProblems(AuthError.refreshInvalid(), ...BODY_PROBLEMS)
  refreshTokens(@Body() { refreshToken }: Refresh, @CurrentClient() client: Client): Promise<Tokens> {
    return this.signIn.refresh(refreshToken, client);
  }

  /**
   * Sign out
   *
   * @remarks Ends this session. Its tokens stop working at once. The device stays recognised.
   */
  @Post('logout')
  @ApiBearerAuth()
  @ApiProblems(...SIGNED_IN_PROBLEMS)
  async logout(@CurrentCaller() caller: Caller, @CurrentClient() client: Client): Promise<Message> {
    await this.signOut.endSession(caller, caller.sessionId, { client });
    return { message: 'Signed out.' };
  }
}
