import { Body, Controller, Post } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { AppError } from '../common/app-error.js';
import { BODY_PROBLEMS } from '../common/common.errors.js';
import { Problems, withOtp } from '../common/documented.js';
import { addressProblems, OtpError } from '../otp/otp.errors.js';
import { OtpService } from '../otp/otp.service.js';
import { Purposes } from '../otp/purposes.js';
import { Recipients } from '../otp/recipients.js';
import { SendSignInCode, SignInCodeApproved, SignInCodeSent, VerifySignInCode } from './auth.dto.js';

/** What "Try it out" starts with. */
const ADDRESS_EXAMPLES = {
  sms: { summary: 'By SMS', value: { phone: '+14155550123' } },
  email: { summary: 'By e-mail', value: { email: 'ada@example.com' } },
};

const STILL_PENDING = { VerificationStatus: 'pending' };

@ApiTags('Sign-in')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly otp: OtpService,
    private readonly purposes: Purposes,
    private readonly recipients: Recipients,
  ) {}

  /**
   * Send a sign-in code
   *
   * @remarks By SMS to a phone number or by e-mail. Try it here, then read the message at `/inbox`.
   */
  @Post('send_otp')
  @ApiBody({ type: SendSignInCode, examples: ADDRESS_EXAMPLES })
  @Problems(OtpError.cooldown(42), OtpError.sendLimit(3600), ...addressProblems('phone'), ...BODY_PROBLEMS)
  async sendOtp(@Body() { phone, email, channel }: SendSignInCode): Promise<SignInCodeSent> {
    const recipient = this.recipients.one({ phone, email });
    const { challenge } = await this.otp.send({ recipient, channel, policy: this.purposes.policy('login') });
    return { message: 'OTP sent successfully.', VerificationStatus: 'pending', challenge };
  }

  /**
   * Check a sign-in code
   *
   * @remarks A right code is accepted once. While the sign-in is still open, the refusal says `VerificationStatus: pending`.
   */
  @Post('verify_otp')
  @ApiBody({ type: VerifySignInCode, examples: withOtp(ADDRESS_EXAMPLES) })
  @Problems(
    OtpError.invalid(2).with(STILL_PENDING),
    OtpError.expired().with(STILL_PENDING),
    OtpError.exhausted(),
    OtpError.notFound(),
    OtpError.guessLimit(3600),
    ...BODY_PROBLEMS,
  )
  async verifyOtp(@Body() { phone, email, otp }: VerifySignInCode): Promise<SignInCodeApproved> {
    const recipient = this.recipients.one({ phone, email });
    try {
      await this.otp.verify({ recipient, policy: this.purposes.policy('login') }, otp);
    } catch (error) {
      throw error instanceof AppError && error.kind === 'invalid' ? error.with(STILL_PENDING) : error;
    }
    return { VerificationStatus: 'approved' };
  }
}
