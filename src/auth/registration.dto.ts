import { IsString, MaxLength } from 'class-validator';
import { IfGiven } from '../http/if-given.js';
import { IsLocaleTag } from '../http/is-locale-tag.js';
import { IsOtp } from '../otp/is-otp.js';
import { IsName } from '../users/is-name.js';

export class Register {
  /**
   * One plain e-mail address. A code proves it.
   * @example "ada@example.com"
   */
  @MaxLength(254, { message: 'email is too long.' })
  @IsString({ message: 'email must be a string.' })
  email!: string;

  /**
   * 8 to 256 characters of any kind (the least is `PASSWORD_MIN_LENGTH`), not a common one nor made of your name.
   * @example "correct horse battery staple"
   */
  @IsString({ message: 'password must be a string.' })
  password!: string;

  /**
   * What others call you; it need not be unique.
   * @example "ada"
   */
  @IfGiven()
  @IsName('username', { orNull: false })
  username?: string;

  /**
   * First name.
   * @example "Ada"
   */
  @IfGiven()
  @IsName('firstName', { orNull: false })
  firstName?: string;

  /**
   * Last name.
   * @example "Lovelace"
   */
  @IfGiven()
  @IsName('lastName', { orNull: false })
  lastName?: string;

  /**
   * Phone number; the first sign-in with a code to it proves it.
   * @example "+14155550123"
   */
  @IfGiven()
  @MaxLength(64, { message: 'phone is too long.' })
  @IsString({ message: 'phone must be a string.' })
  phone?: string;

  /**
   * The language of the mail (BCP 47). Default: the first of `Accept-Language` that we have, else `DEFAULT_LOCALE`.
   * @example "en"
   */
  @IsLocaleTag()
  locale?: string;
}

export class VerifyRegistration {
  /**
   * The address that was registered.
   * @example "ada@example.com"
   */
  @MaxLength(254, { message: 'email is too long.' })
  @IsString({ message: 'email must be a string.' })
  email!: string;

  /**
   * The code from the mail.
   * @example "123456"
   */
  @IsOtp()
  otp!: string;
}
