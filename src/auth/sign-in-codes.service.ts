import { Injectable } from '@nestjs/common';
import { supportedLocale } from '../common/locale.js';
import { isPhone, type Recipient } from '../common/recipient.js';
import { Config } from '../config/config.js';
import type { Client } from '../http/client.js';
import { Codes, PUBLIC_LANE, type LinkToken } from '../otp/codes.js';
import type { Challenge } from '../otp/otp.dto.js';
import { OtpService } from '../otp/otp.service.js';
import { Purposes } from '../otp/purposes.js';
import { Recipients } from '../otp/recipients.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { AuthError } from './auth.errors.js';
import type { SendSignInCode } from './sign-in.dto.js';

const PURPOSE = 'login';

/**
 * Sends sign-in codes and judges them. A mail also has a link, which can be used instead of the code.
 * A recognised device of the account has codes and links in its own lane. The link carries the lane,
 * because it may be opened on another device.
 */
@Injectable()
export class SignInCodes {
  constructor(
    private readonly otp: OtpService,
    private readonly codes: Codes,
    private readonly purposes: Purposes,
    private readonly recipients: Recipients,
    private readonly sessions: SessionsService,
    private readonly config: Config,
  ) {}

  async send({ phone, email, channel, locale }: SendSignInCode, client: Client): Promise<Challenge> {
    const policy = this.purposes.policyOf(PURPOSE);
    const recipient = this.recipients.fromFields({ phone, email }, PURPOSE);
    const lane = await this.sessions.laneForDevice(recipient, client.deviceToken);
    const { challenge } = await this.otp.send({
      recipient,
      channel,
      policy,
      lane,
      locale: supportedLocale(locale) ?? client.locale,
      fromDevice: lane !== PUBLIC_LANE,
      client,
      ...(!isPhone(recipient) && { link: (token: string) => `${this.config.signInUrl}#token=${token}` }),
    });
    return challenge;
  }

  /** Consumes a right code. Throws the errors of `OtpService.verify`. */
  async verify(recipient: Recipient, otp: string, client: Client): Promise<void> {
    const lane = await this.sessions.laneForDevice(recipient, client.deviceToken);
    await this.otp.verify({ recipient, policy: this.purposes.policyOf(PURPOSE), lane, client }, otp);
  }

  /** Does not consume the link. Throws `sign_in_link_invalid` if the token is forged. */
  readLink(token: string): LinkToken {
    const link = this.codes.readLink(token, PURPOSE);
    if (!link) throw AuthError.signInLinkInvalid();
    return link;
  }

  /** Consumes the link together with its code. */
  async redeem(link: LinkToken): Promise<void> {
    if (!(await this.otp.redeem(link, PURPOSE))) throw AuthError.signInLinkInvalid();
  }
}
