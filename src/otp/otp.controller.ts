import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { Public } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { ApiProblems, withOtp } from '../http/api-problems.js';
import { BODY_PROBLEMS } from '../http/common.errors.js';
import { supportedLocale } from '../common/locale.js';
import { OtpAddress, OtpSent, OtpVerified, SendOtp, VerifyOtp } from './otp.dto.js';
import type { CodeRequest, SendRequest } from './codes.js';
import { addressErrors, OtpError } from './otp.errors.js';
import { OtpService, type IssuedCode } from './otp.service.js';
import { ProofService } from './proof.service.js';
import { Purposes } from './purposes.js';
import { Recipients } from './recipients.js';

/** The example bodies in Swagger UI. */
const ADDRESS_EXAMPLES = {
  sms: { summary: 'By SMS', value: { phone_number: '+14155550123' } },
  email: { summary: 'By e-mail', value: { email: 'ada@example.com' } },
  transaction: {
    summary: 'To approve a transaction',
    value: {
      email: 'ada@example.com',
      purpose: 'transaction',
      context: { amount: '39.99 EUR', payee: 'Acme' },
    },
  },
};

@ApiTags('Codes')
@Public()
@Controller('otp')
export class OtpController {
  constructor(
    private readonly otp: OtpService,
    private readonly proofs: ProofService,
    private readonly purposes: Purposes,
    private readonly recipients: Recipients,
  ) {}

  /**
   * Send a code
   *
   * @remarks Sends a code by SMS or e-mail that verifies an address or approves a transaction. In
   * development, read the message at `/inbox`.
   */
  @Post('generate')
  @HttpCode(200)
  @ApiBody({ type: SendOtp, examples: ADDRESS_EXAMPLES })
  @ApiProblems(
    OtpError.cooldown(42),
    OtpError.sendLimit(3600),
    ...addressErrors('phone_number'),
    OtpError.purposeRefused('login'),
    OtpError.contextRequired(),
    ...BODY_PROBLEMS,
  )
  async generateOtp(@Body() body: SendOtp, @CurrentClient() client: Client): Promise<OtpSent> {
    return sent('OTP generated and sent.', await this.otp.send(this.sendRequest(body, client)));
  }

  /**
   * Send the code again
   *
   * @remarks Takes the same body as `/otp/generate`. Repeats the code while more than half of its
   * lifetime is left. After that it sends a new one, and the code before it stays valid until its
   * own end.
   */
  @Post('resend')
  @HttpCode(200)
  @ApiBody({ type: SendOtp, examples: ADDRESS_EXAMPLES })
  @ApiProblems(
    OtpError.resendCooldown(42),
    OtpError.sendLimit(3600),
    OtpError.resendNotFound(),
    ...addressErrors('phone_number'),
    ...BODY_PROBLEMS,
  )
  async resendOtp(@Body() body: SendOtp, @CurrentClient() client: Client): Promise<OtpSent> {
    return sent('OTP resent.', await this.otp.resend(this.sendRequest(body, client)));
  }

  /**
   * Verify a code
   *
   * @remarks A code is accepted once. Every attempt counts; the reply to a wrong code says how many
   * attempts are left.
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
    ...BODY_PROBLEMS,
  )
  async checkOtp(@Body() body: VerifyOtp, @CurrentClient() client: Client): Promise<OtpVerified> {
    const request = this.codeRequest(body, client);
    const { recipient, policy, context } = request;
    const challengeId = await this.otp.verify(request, body.otp);
    const proof = this.proofs.sign({ challengeId, recipient, purpose: policy.purpose, context });
    return { detail: 'OTP verified successfully.', proof };
  }

  private codeRequest(
    { phone_number, email, purpose = 'verification', context }: OtpAddress,
    client: Client,
  ): CodeRequest {
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
    return { ...this.codeRequest(body, client), channel: body.channel, locale };
  }
}

function sent(detail: string, { challenge, code }: IssuedCode): OtpSent {
  return { detail, challenge, ...(code && { otp: code }) };
}
