import { ProofOfWorkField } from '../budgets/proof-of-work-field.js';
import { EmailField, PasswordField, PhoneField } from '../http/fields.js';
import { IfGiven } from '../http/if-given.js';
import { IsLocaleTag } from '../http/is-locale-tag.js';
import { IsOtp } from '../otp/is-otp.js';
import { IsName } from '../users/is-name.js';

export class Register {
  /**
   * A plain e-mail address. It is verified by a code.
   * @example "grace@example.com"
   */
  @EmailField()
  email!: string;

  /**
   * 8 to 256 characters of any kind; `PASSWORD_MIN_LENGTH` sets the minimum. Common passwords and
   * passwords made of the user's name or address are refused.
   * @example "correct horse battery staple"
   */
  @PasswordField()
  password!: string;

  /**
   * Display name. It does not have to be unique.
   * @example "grace"
   */
  @IfGiven()
  @IsName('username', { allowNull: false })
  username?: string;

  /**
   * First name.
   * @example "Grace"
   */
  @IfGiven()
  @IsName('firstName', { allowNull: false })
  firstName?: string;

  /**
   * Last name.
   * @example "Hopper"
   */
  @IfGiven()
  @IsName('lastName', { allowNull: false })
  lastName?: string;

  /**
   * Phone number. It is a claim until a sign-in with a code sent to it verifies it. That sign-in must
   * show evidence of this account: its device token or an access token.
   * @example "+12025550143"
   */
  @IfGiven()
  @PhoneField()
  phone?: string;

  /**
   * The language of the mail (BCP 47). Default: the first supported one in `Accept-Language`, else
   * `DEFAULT_LOCALE`.
   * @example "en"
   */
  @IsLocaleTag()
  locale?: string;

  @ProofOfWorkField()
  proofOfWork?: string;
}

export class VerifyRegistration {
  /**
   * The address that was registered.
   * @example "grace@example.com"
   */
  @EmailField()
  email!: string;

  /**
   * The code from the mail.
   * @example "123456"
   */
  @IsOtp('email_verification')
  otp!: string;

  @ProofOfWorkField()
  proofOfWork?: string;
}
