import { Body, Controller, HttpCode, Patch, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import {
  LOGIN_EXAMPLES,
  LOGIN_PROBLEMS,
  REGISTER_EXAMPLES,
  REGISTER_PROBLEMS,
  RESET_PROBLEMS,
  VERIFY_EXAMPLES,
  VERIFY_PROBLEMS,
} from '../auth/auth.examples.js';
import { PasswordResetService } from '../auth/password-reset.service.js';
import { ResetPassword } from '../auth/password.dto.js';
import { Register, VerifyRegistration } from '../auth/registration.dto.js';
import { RegistrationService } from '../auth/registration.service.js';
import { LogIn, Message, SignInCodeApproved, SignInCodeSent } from '../auth/sign-in.dto.js';
import { SignInService } from '../auth/sign-in.service.js';
import {
  BareToken,
  CurrentCaller,
  OptionalCaller,
  OptionallySignedIn,
  Public,
  type Caller,
} from '../http/access.js';
import { ApiProblems } from '../http/api-problems.js';
import { CurrentClient, type Client } from '../http/client.js';
import { CommonError, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { Recipients } from '../otp/recipients.js';
import { SignOutService } from '../sessions/sign-out.service.js';
import { CompatSignedIn } from './compat.dto.js';

/**
 * `/auth` operations under the paths of an older system, whose clients send the token without
 * `Bearer`.
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
  ) {}

  /** Register an account (`/auth/register`) */
  @Public()
  @Post('register')
  @ApiBody({ type: Register, examples: REGISTER_EXAMPLES })
  @ApiProblems(...REGISTER_PROBLEMS)
  async register(@Body() body: Register, @CurrentClient() client: Client): Promise<SignInCodeSent> {
    const challenge = await this.registrations.register(body, client);
    return {
      message: 'Enter the code that was mailed to you.',
      VerificationStatus: 'pending',
      challenge,
    };
  }

  /** Verify the address and sign in (`/auth/verify`) */
  @Public()
  @Post('verify')
  @HttpCode(200)
  @ApiBody({ type: VerifyRegistration, examples: VERIFY_EXAMPLES })
  @ApiProblems(...VERIFY_PROBLEMS)
  async verify(
    @Body() { email, otp }: VerifyRegistration,
    @CurrentClient() client: Client,
  ): Promise<SignInCodeApproved> {
    const recipient = this.recipients.fromFields({ email });
    const signedIn = await this.signIn.signInWithRegistration(recipient, otp, client);
    return { VerificationStatus: 'approved', ...signedIn };
  }

  /** Sign in with a password (`/auth/login`), with `token` in the reply */
  @Public()
  @Post('login')
  @HttpCode(200)
  @ApiBody({ type: LogIn, examples: LOGIN_EXAMPLES })
  @ApiProblems(...LOGIN_PROBLEMS)
  async logIn(@Body() { email, password }: LogIn, @CurrentClient() client: Client): Promise<CompatSignedIn> {
    const signedIn = await this.signIn.signInWithPassword(email, password, client);
    return { ...signedIn, token: signedIn.accessToken };
  }

  /** Sign out (`/auth/logout`) */
  @Post('logout')
  @ApiBearerAuth()
  @ApiProblems(...SIGNED_IN_PROBLEMS)
  async logOut(@CurrentCaller() caller: Caller, @CurrentClient() client: Client): Promise<Message> {
    await this.signOut.endSession(caller, caller.sessionId, { client });
    return { message: 'Signed out.' };
  }

  /** Set a new password (`/auth/reset`) */
  @OptionallySignedIn()
  @Patch('reset')
  @ApiBearerAuth()
  @ApiBody({
    type: ResetPassword,
    examples: {
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
    return { message: 'The password was changed. Please sign in.' };
  }
}
