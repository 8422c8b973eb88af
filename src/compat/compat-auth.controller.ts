import { Body, Controller, HttpCode, Patch, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import {
  BareToken,
  CurrentCaller,
  MaybeCaller,
  OptionallySignedIn,
  Public,
  type Caller,
} from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { CommonError, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { Problems } from '../http/api-problems.js';
import {
  LOGIN_EXAMPLES,
  LOGIN_PROBLEMS,
  REGISTER_EXAMPLES,
  REGISTER_PROBLEMS,
  RESET_PROBLEMS,
  VERIFY_EXAMPLES,
  VERIFY_PROBLEMS,
} from '../auth/auth.examples.js';
import { ResetPassword } from '../auth/password.dto.js';
import { PasswordController } from '../auth/password.controller.js';
import { RegistrationController } from '../auth/registration.controller.js';
import { Register, VerifyRegistration } from '../auth/registration.dto.js';
import { LegacySignedIn, LogIn, Message, SignInCodeApproved, SignInCodeSent } from '../auth/sign-in.dto.js';
import { SignInController } from '../auth/sign-in.controller.js';

/** The same operations under the paths of a system that this server replaces; `Bearer` may be left out. */
@ApiTags('Compatibility')
@BareToken()
@Controller('api')
export class LegacyAuthController {
  constructor(
    private readonly registration: RegistrationController,
    private readonly signIn: SignInController,
    private readonly password: PasswordController,
  ) {}

  /** Register an account (`/auth/register`) */
  @Public()
  @Post('register')
  @ApiBody({ type: Register, examples: REGISTER_EXAMPLES })
  @Problems(...REGISTER_PROBLEMS)
  register(@Body() body: Register, @CurrentClient() client: Client): Promise<SignInCodeSent> {
    return this.registration.register(body, client);
  }

  /** Prove the address (`/auth/verify`) */
  @Public()
  @Post('verify')
  @HttpCode(200)
  @ApiBody({ type: VerifyRegistration, examples: VERIFY_EXAMPLES })
  @Problems(...VERIFY_PROBLEMS)
  verify(@Body() body: VerifyRegistration, @CurrentClient() client: Client): Promise<SignInCodeApproved> {
    return this.registration.verify(body, client);
  }

  /** Sign in, with `token` in the reply (`/auth/login`) */
  @Public()
  @Post('login')
  @HttpCode(200)
  @ApiBody({ type: LogIn, examples: LOGIN_EXAMPLES })
  @Problems(...LOGIN_PROBLEMS)
  async logIn(@Body() body: LogIn, @CurrentClient() client: Client): Promise<LegacySignedIn> {
    const signedIn = await this.signIn.logIn(body, client);
    return { ...signedIn, token: signedIn.accessToken };
  }

  /** Sign out (`/auth/logout`) */
  @Post('logout')
  @ApiBearerAuth()
  @Problems(...SIGNED_IN_PROBLEMS)
  logOut(@CurrentCaller() caller: Caller, @CurrentClient() client: Client): Promise<Message> {
    return this.signIn.logOut(caller, client);
  }

  /** Set a new password (`/auth/reset`) */
  @OptionallySignedIn()
  @Patch('reset')
  @ApiBearerAuth()
  @ApiBody({
    type: ResetPassword,
    examples: { session: { summary: 'Signed in', value: { password: 'correct horse battery staple' } } },
  })
  @Problems(CommonError.unauthorized(), CommonError.reauthenticate(), ...RESET_PROBLEMS)
  reset(
    @Body() body: ResetPassword,
    @MaybeCaller() caller: Caller | undefined,
    @CurrentClient() client: Client,
  ): Promise<Message> {
    return this.password.reset(body, caller, client);
  }
}
