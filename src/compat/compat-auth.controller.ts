import { Body, Controller, HttpCode, Patch, Post, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiSecurity,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  LOGIN_EXAMPLES,
  LOGIN_PROBLEMS,
  REGISTER_EXAMPLES,
  REGISTER_PROBLEMS,
  RESET_PROBLEMS,
  VERIFY_PROBLEMS,
} from '../auth/auth.examples.js';
import { PasswordResetService } from '../auth/password-reset.service.js';
import { RESET_CREDENTIALS, ResetPassword } from '../auth/password.dto.js';
import { Register } from '../auth/registration.dto.js';
import { RegistrationService } from '../auth/registration.service.js';
import { LogIn, type Message, type SignInCodeSent } from '../auth/sign-in.dto.js';
import { SignInService } from '../auth/sign-in.service.js';
import {
  BareToken,
  CurrentCaller,
  OptionalCaller,
  OptionallySignedIn,
  Public,
  type Caller,
} from '../http/access.js';
import { IdempotentRequests, type RequestWithKey } from '../idempotency/idempotent-requests.service.js';
import { Keyed } from '../idempotency/keyed.js';
import { ApiProblems } from '../http/api-problems.js';
import { CurrentClient, type Client } from '../http/client.js';
import { CommonError, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { problemsWithMsg } from '../http/msg.js';
import { Purposes } from '../otp/purposes.js';
import { Recipients } from '../otp/recipients.js';
import { SignOutService } from '../sessions/sign-out.service.js';
import {
  CompatCodeSent,
  CompatMessage,
  CompatSignedIn,
  CompatVerification,
  CompatVerified,
} from './compat.dto.js';
import { ADDRESS_RESERVED } from '../users/users.examples.js';
import { CompatError } from './compat.errors.js';
import { readCompatOtp } from './compat-otp.js';
import { RegistrationCookie } from './registration-cookie.js';

const VERIFY_EXAMPLES = {
  cookie: { summary: 'With the cookie from /api/register', value: { OTP: 42317 } },
  email: { summary: 'With the address', value: { email: 'grace@example.com', otp: '042317' } },
};

/**
 * `/auth` operations under the paths of an older system. Its clients send the token without
 * `Bearer`, never refresh it, and read `msg`, which `addMsg` adds where it repeats another text.
 */
@ApiTags('Compatibility')
@BareToken()
@Controller('api')
export class CompatAuthController {
  constructor(
    private readonly registrations: RegistrationService,
    private readonly signIn: SignInService,
    private readonly signOut: SignOutService,
    private readonly resets: PasswordResetService,
    private readonly recipients: Recipients,
    private readonly purposes: Purposes,
    private readonly registrationCookie: RegistrationCookie,
    private readonly idempotent: IdempotentRequests,
  ) {}

  /**
   * Register an account (`/auth/register`)
   *
   * @remarks Also sets a cookie that names the registered address for 15 minutes, so that
   * `/api/verify` needs only the code. A second registration of an address within a minute, also
   * by `/auth/register`, replies `otp_cooldown`.
   */
  @Public()
  @Post('register')
  @ApiBody({ type: Register, examples: REGISTER_EXAMPLES })
  @ApiCreatedResponse({ type: CompatCodeSent })
  @ApiProblems(...problemsWithMsg(...REGISTER_PROBLEMS))
  async compatRegister(
    @Body() body: Register,
    @CurrentClient() client: Client,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Keyed() keyed?: RequestWithKey,
  ): Promise<SignInCodeSent> {
    const registered = await this.idempotent.once<SignInCodeSent>(keyed, async () => {
      const challenge = await this.registrations.register(body, client);
      return { message: 'Enter the code that was mailed to you.', VerificationStatus: 'pending', challenge };
    });
    const recipient = this.recipients.fromFields({ email: body.email });
    void reply.header('set-cookie', this.registrationCookie.create(recipient));
    return registered;
  }

  /**
   * Verify the address and sign in (`/auth/verify`)
   *
   * @remarks Takes the code from the mail, in development at `/inbox`. Needs the cookie from
   * `/api/register` or `email`. If both are sent, `email` counts.
   */
  @Public()
  @Post('verify')
  @HttpCode(200)
  @ApiBody({ type: CompatVerification, examples: VERIFY_EXAMPLES })
  @ApiProblems(...problemsWithMsg(...VERIFY_PROBLEMS, ADDRESS_RESERVED, CompatError.registrationUnknown()))
  async compatVerifyRegistration(
    @Body() body: CompatVerification,
    @Req() { headers }: FastifyRequest,
    @CurrentClient() client: Client,
  ): Promise<CompatVerified> {
    const otp = readCompatOtp(body, this.purposes.policyOf('email_verification').codeLength);
    const recipient =
      body.email === undefined
        ? this.registrationCookie.read(headers.cookie)
        : this.recipients.fromFields({ email: body.email });
    if (!recipient) throw CompatError.registrationUnknown();
    const signedIn = await this.signIn.signInWithRegistration(recipient, otp, client);
    return { msg: 'User Register Successfully', VerificationStatus: 'approved', ...signedIn };
  }

  /**
   * Sign in with a password (`/auth/login`)
   *
   * @remarks Needs an account whose address was verified. Under `/api`, the `token` in the reply
   * works until its session ends: by `/api/logout`, a new password, 14 days without use, or 30
   * days after the sign-in.
   */
  @Public()
  @Post('login')
  @HttpCode(200)
  @ApiBody({ type: LogIn, examples: LOGIN_EXAMPLES })
  @ApiProblems(...problemsWithMsg(...LOGIN_PROBLEMS))
  async compatLogin(
    @Body() { email, password }: LogIn,
    @CurrentClient() client: Client,
  ): Promise<CompatSignedIn> {
    const signedIn = await this.signIn.signInWithPassword(email, password, client);
    return { msg: 'login successfully', ...signedIn, token: signedIn.accessToken };
  }

  /**
   * Sign out (`/auth/logout`)
   *
   * @remarks Ends this session. The token may be sent without `Bearer`.
   */
  @Post('logout')
  @ApiBearerAuth()
  @ApiCreatedResponse({ type: CompatMessage })
  @ApiProblems(...problemsWithMsg(...SIGNED_IN_PROBLEMS))
  async compatLogout(@CurrentCaller() caller: Caller, @CurrentClient() client: Client): Promise<Message> {
    await this.signOut.endSession(caller, caller.sessionId, { client });
    return { message: 'Signed out.' };
  }

  /**
   * Set a new password (`/auth/reset`)
   *
   * @remarks Takes the same bodies as `/auth/reset`. The example needs an access token from a
   * sign-in within ten minutes: press *Authorize*. Ends all sessions of the user.
   */
  @OptionallySignedIn(...RESET_CREDENTIALS)
  @Patch('reset')
  // The empty requirement makes the token optional.
  @ApiSecurity({})
  @ApiBearerAuth()
  @ApiBody({
    type: ResetPassword,
    examples: {
      session: { summary: 'Signed in', value: { password: 'correct horse battery staple' } },
    },
  })
  @ApiOkResponse({ type: CompatMessage })
  @ApiProblems(
    ...problemsWithMsg(CommonError.unauthorized(), CommonError.reauthenticate(), ...RESET_PROBLEMS),
  )
  async compatResetPassword(
    @Body() body: ResetPassword,
    @OptionalCaller() caller: Caller | undefined,
    @CurrentClient() client: Client,
  ): Promise<Message> {
    await this.resets.reset(body, caller, client);
    return { message: 'The password was changed. Please sign in.' };
  }
}
