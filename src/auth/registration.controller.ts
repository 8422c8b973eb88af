import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { Public } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { IdempotentRequests, type RequestWithKey } from '../idempotency/idempotent-requests.service.js';
import { Keyed } from '../idempotency/keyed.js';
import { ApiProblems } from '../http/api-problems.js';
import { Recipients } from '../otp/recipients.js';
import { REGISTER_EXAMPLES, REGISTER_PROBLEMS, VERIFY_EXAMPLES, VERIFY_PROBLEMS } from './auth.examples.js';
import { ADDRESS_RESERVED } from '../users/users.examples.js';
import { Register, VerifyRegistration } from './registration.dto.js';
import { RegistrationService } from './registration.service.js';
import { SignInApproved, SignInCodeSent } from './sign-in.dto.js';
import { SignInService } from './sign-in.service.js';

@ApiTags('Registration')
@Public()
@Controller('auth')
export class RegistrationController {
  constructor(
    private readonly registrations: RegistrationService,
    private readonly recipients: Recipients,
    private readonly signIn: SignInService,
    private readonly idempotent: IdempotentRequests,
  ) {}

  /**
   * Register an account
   *
   * @remarks Mails a code, in development to `/inbox`. Sign-in is possible once the code was sent
   * to `/auth/verify`. If the address already has an account, the reply is the same and its owner
   * is told by mail. If an account had the address until less than 72 hours ago, the mail has the
   * link that undoes that change. Repeating a registration with the same data sends the code
   * again, after a minute. Registering again with different data makes the registration contested:
   * the code then opens the account without any of the data, password included.
   */
  @Post('register')
  @ApiBody({ type: Register, examples: REGISTER_EXAMPLES })
  @ApiProblems(...REGISTER_PROBLEMS)
  register(
    @Body() body: Register,
    @CurrentClient() client: Client,
    @Keyed() keyed?: RequestWithKey,
  ): Promise<SignInCodeSent> {
    return this.idempotent.once(keyed, async () => {
      const challenge = await this.registrations.register(body, client);
      return { message: 'Enter the code that was mailed to you.', VerificationStatus: 'pending', challenge };
    });
  }

  /**
   * Verify the address and sign in
   *
   * @remarks Takes the code from the mail of `/auth/register`, in development at `/inbox`.
   * `passwordRequired: true` means that the account was opened without a password.
   */
  @Post('verify')
  @HttpCode(200)
  @ApiBody({ type: VerifyRegistration, examples: VERIFY_EXAMPLES })
  @ApiProblems(...VERIFY_PROBLEMS, ADDRESS_RESERVED)
  async verifyRegistration(
    @Body() { email, otp }: VerifyRegistration,
    @CurrentClient() client: Client,
  ): Promise<SignInApproved> {
    const signedIn = await this.signIn.signInWithRegistration(
      this.recipients.fromFields({ email }),
      otp,
      client,
    );
    return { VerificationStatus: 'approved', ...signedIn };
  }
}
