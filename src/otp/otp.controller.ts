import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { Public } from '../http/access.js';
import { CurrentClient, type Client } from '../http/client.js';
import { ApiProblems, withOtp } from '../http/api-problems.js';
import { BODY_PROBLEMS } from '../http/common.errors.js';
import { supportedLocale } from '../common/locale.js';
import { OtpAddress, OtpSent, OtpVerified, SendOtp, VerifyOtp } from './otp.dto.js';
import type { SendRequest } from './codes.js';
import { addressErrors, OtpError } from './otp.errors.js';
import { OtpService, type IssuedCode } from './otp.service.js';
import { ProofService } from './proof.service.js';
import { Purposes } from './purposes.js';
import { Recipients } from './recipients.js';

/** What "Try it out" starts with. */
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
   * @remarks By SMS or e-mail, to prove that somebody reads an address or approves a transaction. Try it here, then read the
   * message at `/inbox`.
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
  async generate(@Body() body: SendOtp, @CurrentClient() client: Client): Promise<OtpSent> {
    return this.sent('OTP generated and sent.', await this.otp.send(this.sending(body, client)));
  }

  /**
   * Send the code again
   *
   * @remarks The same code while more than half its life is left, else a new one. The body is that of `/otp/generate`.
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
  async resend(@Body() body: SendOtp, @CurrentClient() client: Client): Promise<OtpSent> {
    return this.sent('OTP resent.', await this.otp.resend(this.sending(body, client)));
  }

  /**
   * Check a code
   *
   * @remarks A right code is accepted once. Every guess counts, and a wrong one tells how many are left.
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
  async verify(@Body() body: VerifyOtp): Promise<OtpVerified> {
    const { recipient, policy, context } = this.request(body);
    const challengeId = await this.otp.verify({ recipient, policy, context }, body.otp);
    const proof = this.proofs.sign({ challengeId, recipient, purpose: policy.purpose, context });
    return { detail: 'OTP verified successfully.', proof };
  }

  private request({
    phone_number,
    email,
    purpose = 'verification',
    context,
    channel,
  }: OtpAddress & SendOtp): SendRequest {
    const policy = this.purposes.policyForRequest(purpose);
    if (policy.context === 'required' && !context) throw OtpError.contextRequired();
    return { recipient: this.recipients.fromFields({ phone_number, email }), policy, context, channel };
  }

  private sending(body: SendOtp, client: Client): SendRequest {
    return { ...this.request(body), locale: supportedLocale(body.locale) ?? client.locale };
  }

  private sent(detail: string, { challenge, code }: IssuedCode): OtpSent {
    return { detail, challenge, ...(code && { otp: code }) };
  }
}
