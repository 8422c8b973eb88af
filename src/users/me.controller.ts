import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AccountEvent } from '../account-events/account-events.dto.js';
import { AccountEvents } from '../account-events/account-events.service.js';
import { BudgetError } from '../budgets/budgets.errors.js';
import { PROOF_OF_WORK_REQUIRED, SEND_PROBLEMS } from '../budgets/budgets.examples.js';
import { CurrentCaller, type Caller } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { CommonError, SIGNED_IN_BODY_PROBLEMS, SIGNED_IN_PROBLEMS } from '../http/common.errors.js';
import { IDEMPOTENCY_PROBLEMS } from '../idempotency/idempotency.errors.js';
import { IdempotentRequests, type RequestWithKey } from '../idempotency/idempotent-requests.service.js';
import { Keyed } from '../idempotency/keyed.js';
import { ApiProblems } from '../http/api-problems.js';
import { INVALID_LIMIT, ApiPage, PageQuery, paginate } from '../http/pagination.js';
import { Config } from '../config/config.js';
import { addressErrors, OtpError } from '../otp/otp.errors.js';
import { PasswordError } from '../passwords/passwords.errors.js';
import { AccountClosure } from './account-closure.service.js';
import { ProfileService } from './profile.service.js';
import { Profile, UpdatedProfile, UpdateProfile, VerifyContact } from './users.dto.js';
import { UserError } from './users.errors.js';
import { ADDRESS_RESERVED, PASSWORD_REFUSED } from './users.examples.js';

@ApiTags('Account')
@ApiBearerAuth()
@Controller('users/me')
export class MeController {
  constructor(
    private readonly profiles: ProfileService,
    private readonly closure: AccountClosure,
    private readonly events: AccountEvents,
    private readonly config: Config,
    private readonly idempotent: IdempotentRequests,
  ) {}

  /** Get your profile */
  @Get()
  @ApiProblems(...SIGNED_IN_PROBLEMS)
  getProfile(@CurrentCaller() caller: Caller): Promise<Profile> {
    return this.profiles.read(caller);
  }

  /**
   * Change your profile
   *
   * @remarks Names change at once. A new e-mail address or phone number gets a code (`pending`)
   * and takes effect once the code was sent to `/users/me/contact/verify`. The old address then
   * gets a link that undoes the change for 72 hours. Changing an address or the password needs a
   * sign-in within ten minutes or `currentPassword`. A new password ends all sessions.
   */
  @Patch()
  @ApiBody({
    type: UpdateProfile,
    examples: {
      names: { summary: 'Names', value: { firstName: 'Grace', lastName: 'Hopper' } },
      phone: { summary: 'A new phone number', value: { phone: '+12025550144' } },
    },
  })
  @ApiProblems(
    CommonError.reauthenticate(),
    UserError.wrongPassword(),
    UserError.nothingToChange(),
    UserError.accountChanged(),
    PASSWORD_REFUSED,
    BudgetError.passwordGuessLimit(3600),
    PasswordError.busy(),
    OtpError.cooldown(42),
    ...SEND_PROBLEMS,
    BudgetError.addressChangeLimit(3600),
    ...addressErrors('phone'),
    ...IDEMPOTENCY_PROBLEMS,
    CommonError.rateLimited(30),
    ...SIGNED_IN_BODY_PROBLEMS,
  )
  updateProfile(
    @CurrentCaller() caller: Caller,
    @Body() body: UpdateProfile,
    @CurrentClient() client: Client,
    @Keyed() keyed?: RequestWithKey,
  ): Promise<UpdatedProfile> {
    return this.idempotent.once(keyed, () => this.profiles.update(caller, body, client));
  }

  /**
   * Delete your account
   *
   * @remarks Ends all sessions at once. Nobody can sign in any more. Each verified address gets a
   * link that undoes the deletion for 72 hours. After that, the account is erased with all its
   * data. Needs a sign-in within ten minutes. The last administrator cannot be deleted.
   */
  @Delete()
  @HttpCode(204)
  @ApiProblems(
    CommonError.reauthenticate(),
    UserError.lastAdministrator(),
    UserError.accountChanged(),
    ...SIGNED_IN_PROBLEMS,
  )
  deleteAccount(@CurrentCaller() caller: Caller, @CurrentClient() client: Client): Promise<void> {
    return this.closure.close(caller, client);
  }

  /**
   * Verify a new e-mail address or phone number
   *
   * @remarks Takes the code that `PATCH /users/me` sent to the new address, in development at
   * `/inbox`. Other accounts that only claim the number lose it. An address that another account
   * can get back by an undo answers `address_reserved`, with an `undoToken` for
   * `/users/contact/undo`.
   */
  @Post('contact/verify')
  @HttpCode(200)
  @ApiBody({
    type: VerifyContact,
    examples: { phone: { summary: 'A new phone number', value: { phone: '+12025550144', otp: '123456' } } },
  })
  @ApiProblems(
    OtpError.invalid(2),
    OtpError.expired(),
    OtpError.exhausted(),
    OtpError.notFound(),
    OtpError.guessLimit(3600),
    PROOF_OF_WORK_REQUIRED,
    UserError.addressTaken(),
    ADDRESS_RESERVED,
    UserError.accountChanged(),
    UserError.contactChangeReplaced(),
    ...addressErrors('phone'),
    ...SIGNED_IN_BODY_PROBLEMS,
  )
  verifyContact(
    @CurrentCaller() caller: Caller,
    @Body() body: VerifyContact,
    @CurrentClient() client: Client,
  ): Promise<Profile> {
    return this.profiles.verifyContact(caller, body, client);
  }

  /**
   * List the events of your account
   *
   * @remarks Sign-ins, including refused ones, and changes. Newest first. Events are kept for 90
   * days.
   */
  @Get('events')
  @ApiPage(AccountEvent)
  @ApiProblems(INVALID_LIMIT, ...SIGNED_IN_PROBLEMS)
  async listOwnEvents(
    @CurrentCaller() { userId }: Caller,
    @Query() query: PageQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountEvent[]> {
    const rows = await this.events.list(userId, query);
    return paginate(rows, query, `${this.config.publicUrl}/users/me/events`, reply);
  }
}
