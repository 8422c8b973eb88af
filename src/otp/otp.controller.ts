import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { RequiresApplication } from '../applications/application-access.js';
import { ApplicationError } from '../applications/applications.errors.js';
import { PROOF_OF_WORK_REQUIRED, SEND_PROBLEMS } from '../budgets/budgets.examples.js';
import { Public } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { ApiProblems, withOtp } from '../http/api-problems.js';
import { BODY_PROBLEMS } from '../http/common.errors.js';
import { supportedLocale } from '../common/locale.js';
import { IDEMPOTENCY_PROBLEMS } from '../idempotency/idempotency.errors.js';
import { IdempotentRequests, type RequestWithKey } from '../idempotency/idempotent-requests.service.js';
import { Keyed } from '../idempotency/keyed.js';
import { CallerRules } from './caller-rules.js';
import { OtpAddress, OtpSent, OtpVerified, SendOtp, VerifyOtp } from './otp.dto.js';
import type { CodeRequest, SendRequest } from './codes.js';
import { addressErrors, OtpError } from './otp.errors.js';
import { OtpService, type IssuedCode } from './otp.service.js';
import { ProofService } from './proof.service.js';
import { Purposes } from './purposes.js';
import { Recipients } from './recipients.js';

/** The example bodies in Swagger UI. */
const ADDRESS_EXAMPLES = {
  sms: { summary: 'By SMS', value: { phone_number: '+12025550143' } },
  email: { summary: 'By e-mail', value: { email: 'grace@example.com' } },
  transaction: {
    summary: 'To approve a transaction',
    value: {
      email: 'grace@example.com',
      purpose: 'transaction',
      context: { amount: '39.99 EUR', payee: 'Acme' },
    },
  },
};

/** Refusals of the calling application. */
const APPLICATION_PROBLEMS = [
  ApplicationError.invalid(),
  ApplicationError.required(),
  ApplicationError.originNotAllowed(),
  ApplicationError.contextNotAllowed(),
  ApplicationError.purposeRefused('checkout'),
];
const APPLICATION_SEND_PROBLEMS = [
  ...APPLICATION_PROBLEMS,
  ApplicationError.metadataNotAllowed(),
  ApplicationError.channelRefused('sms'),
  ApplicationError.countryRefused(),
  ...IDEMPOTENCY_PROBLEMS,
];

@ApiTags('Codes')
@Public()
@RequiresApplication()
// The empty requirement makes an application optional.
@ApiSecurity({})
@ApiSecurity('application')
@ApiSecurity('application-id')
@Controller('otp')
export class OtpController {
  constructor(
    private readonly otp: OtpService,
    private readonly proofs: ProofService,
    private readonly purposes: Purposes,
    private readonly recipients: Recipients,
    private readonly callers: CallerRules,
    private readonly idempotent: IdempotentRequests,
  ) {}

  /**
   * Send a code
   *
   * @remarks Sends a code by SMS or e-mail that verifies an address or approves a transaction. In
   * development, read the message at `/inbox`. A second request within a minute replies
   * `otp_cooldown`.
   */
  @Post('generate')
  @HttpCode(200)
  @ApiBody({ type: SendOtp, examples: ADDRESS_EXAMPLES })
  @ApiProblems(
    OtpError.cooldown(42),
    ...SEND_PROBLEMS,
    ...addressErrors('phone_number'),
    OtpError.purposeRefused('login'),
    OtpError.contextRequired(),
    ...APPLICATION_SEND_PROBLEMS,
    ...BODY_PROBLEMS,
  )
  generateOtp(
    @Body() body: SendOtp,
    @CurrentClient() client: Client,
    @Keyed() keyed?: RequestWithKey,
  ): Promise<OtpSent> {
    return this.idempotent.once(keyed, async () =>
      sent('OTP generated and sent.', await this.otp.send(this.sendRequest(body, client))),
    );
  }

  /**
   * Send the code again
   *
   * @remarks Takes the same body as `/otp/generate`, at least a minute after it: until then, the
   * reply is `otp_cooldown`. Repeats the code while more than half of its lifetime is left. After
   * that it sends a new one, and the code before it stays valid until its own end.
   */
  @Post('resend')
  @HttpCode(200)
  @ApiBody({ type: SendOtp, examples: ADDRESS_EXAMPLES })
  @ApiProblems(
    OtpError.resendCooldown(42),
    ...SEND_PROBLEMS,
    OtpError.resendNotFound(),
    ...addressErrors('phone_number'),
    ...APPLICATION_SEND_PROBLEMS,
    ...BODY_PROBLEMS,
  )
  resendOtp(
    @Body() body: SendOtp,
    @CurrentClient() client: Client,
    @Keyed() keyed?: RequestWithKey,
  ): Promise<OtpSent> {
    return this.idempotent.once(keyed, async () =>
      sent('OTP resent.', await this.otp.resend(this.sendRequest(body, client))),
    );
  }

  /**
   * Verify a code
   *
   * @remarks Takes the code from the message of `/otp/generate`, in development at `/inbox`, with
   * the same address, purpose and context. A code is accepted once. Every attempt counts; the
   * reply to a wrong code says how many attempts are left.
   */
  @Post('verify')
  @HttpCode(200)
  @ApiBody({ type: VerifyOtp, examples: withOtp(ADDRESS_EXAMPLES) })
  @ApiProblems(
    OtpError.invalid(2),
    OtpError.expired(),
    OtpError.exhausted(),
    OtpError.notFound(),
    OtpError.guessLimit(3600),
    ...APPLICATION_PROBLEMS,
    PROOF_OF_WORK_REQUIRED,
    ...BODY_PROBLEMS,
  )
  async checkOtp(@Body() body: VerifyOtp, @CurrentClient() client: Client): Promise<OtpVerified> {
    const request = this.codeRequest(body, client);
    const { recipient, policy, context } = request;
    const { id: challengeId, ...sender } = await this.otp.verify(request, body.otp);
    const proof = await this.proofs.sign({
      challengeId,
      recipient,
      purpose: policy.purpose,
      context,
      ...sender,
    });
    return { detail: 'OTP verified successfully.', proof };
  }

  private codeRequest(
    {
      phone_number,
      email,
      purpose = 'verification',
      context,
      clientIp,
      metadata,
    }: OtpAddress & Partial<SendOtp>,
    client: Client,
  ): CodeRequest {
    this.callers.check({ purpose, context, metadata, clientIp }, client);
    const policy = this.purposes.policyForRequest(purpose);
    if (policy.context === 'required' && !context) throw OtpError.contextRequired();
    return {
      recipient: this.recipients.fromFields({ phone_number, email }, purpose),
      policy,
      context,
      client,
    };
  }

  private sendRequest(body: SendOtp, client: Client): SendRequest {
    const locale = supportedLocale(body.locale) ?? client.locale;
    const { channel, metadata } = body;
    return { ...this.codeRequest(body, client), channel, locale, metadata };
  }
}

function sent(detail: string, { challenge, code }: IssuedCode): OtpSent {
  return { detail, challenge, ...(code && { otp: code }) };
}
