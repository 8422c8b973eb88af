import { IsString, MaxLength } from 'class-validator';
import { ProofOfWorkField } from '../budgets/proof-of-work-field.js';
import { EmailField, PasswordField } from '../http/fields.js';
import { IfGiven } from '../http/if-given.js';
import { IsLocaleTag } from '../http/is-locale-tag.js';
import { IsOtp } from '../otp/is-otp.js';

export class ForgotPassword {
  /**
   * The e-mail address of the account.
   * @example "grace@example.com"
   */
  @EmailField()
  email!: string;

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

/** The fields of `ResetPassword` that are, or belong to, a credential. */
export const RESET_CREDENTIALS = ['token', 'email', 'otp'] as const satisfies (keyof ResetPassword)[];

export class ResetPassword {
  /**
   * The new password.
   * @example "correct horse battery staple"
   */
  @PasswordField()
  password!: string;

  /**
   * The part of the mailed link after `#token=`. Send this, or `email` and `otp`, or an access
   * token.
   * @example "xk7mDq1LyJc0m1tYb2Zs…"
   */
  @IfGiven()
  @MaxLength(1024, { message: 'token is too long.' })
  @IsString({ message: 'token must be a string.' })
  token?: string;

  /**
   * The e-mail address of the account. Needs `otp`.
   * @example "grace@example.com"
   */
  @IfGiven()
  @EmailField()
  email?: string;

  /**
   * The code from the mail. Needs `email`.
   * @example "123456"
   */
  @IfGiven()
  @IsOtp('password_reset')
  otp?: string;

  /**
   * The current password. Needed with an access token when the sign-in was more than ten minutes
   * ago.
   * @example "my current password"
   */
  @IfGiven()
  @MaxLength(1024, { message: 'currentPassword is too long.' })
  @IsString({ message: 'currentPassword must be a string.' })
  currentPassword?: string;

  @ProofOfWorkField()
  proofOfWork?: string;
}
