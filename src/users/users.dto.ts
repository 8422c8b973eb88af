import {
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';
import { applyDecorators } from '@nestjs/common';
import { ProofOfWorkField } from '../budgets/proof-of-work-field.js';
import { PHONE_CHANNELS, type PhoneChannel } from '../common/delivery.js';
import type { Role } from '../http/access.js';
import { EmailField, PasswordField, PhoneField, PhoneOrEmailField } from '../http/fields.js';
import { Format } from '../http/formats.js';
import { IfGiven } from '../http/if-given.js';
import { IsLocaleTag } from '../http/is-locale-tag.js';
import { PageQuery } from '../http/pagination.js';
import { Challenge } from '../otp/otp.dto.js';
import type { Account } from './account.js';
import { IsOtp } from '../otp/is-otp.js';
import { IsName } from './is-name.js';

/** A user, as seen by themselves. */
export class Profile {
  /** @example "0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001" */
  @Format('uuid')
  id!: string;

  /**
   * E-mail address. It is always verified.
   * @example "grace@example.com"
   */
  @Format('email')
  email!: string | null;

  /** @example "+12025550143" */
  phone!: string | null;

  /**
   * Whether the phone number was verified by a code.
   * @example true
   */
  phoneVerified!: boolean;

  /** @example "grace" */
  username!: string | null;

  /** @example "Grace" */
  firstName!: string | null;

  /** @example "Hopper" */
  lastName!: string | null;

  /** @example ["user"] */
  roles!: Role[];

  /**
   * False if the user signs in with codes only.
   * @example true
   */
  hasPassword!: boolean;

  /** @example "2026-11-21T10:00:00.000Z" */
  createdAt!: Date;
}

/** A user, as seen by administrators. The roles of an invited user are those of the invitation. */
export class ManagedUser extends Profile {
  /**
   * True until an invited user has verified the e-mail address. The roles apply after that.
   * @example false
   */
  invitationPending!: boolean;

  /**
   * When the account was disabled; null if it is not disabled.
   * @example null
   */
  disabledAt!: Date | null;
}

export function profileOf(account: Account): Profile {
  const { id, email, phone, username, firstName, lastName, roles, createdAt } = account;
  return {
    id,
    email,
    phone,
    phoneVerified: account.phoneVerifiedAt !== null,
    username,
    firstName,
    lastName,
    roles,
    hasPassword: account.passwordHash !== null,
    createdAt,
  };
}

export class UpdateProfile {
  /**
   * Display name. It does not have to be unique. `null` clears it.
   * @example "grace"
   */
  @IfGiven()
  @IsName('username')
  username?: string | null;

  /**
   * First name. `null` clears it.
   * @example "Grace"
   */
  @IfGiven()
  @IsName('firstName')
  firstName?: string | null;

  /**
   * Last name. `null` clears it.
   * @example "Hopper"
   */
  @IfGiven()
  @IsName('lastName')
  lastName?: string | null;

  /**
   * New e-mail address. It takes effect once its code was sent to `/users/me/contact/verify`.
   * @example "grace@example.org"
   */
  @IfGiven()
  @EmailField()
  email?: string;

  /**
   * New phone number. It takes effect once its code was sent to `/users/me/contact/verify`.
   * @example "+12025550144"
   */
  @IfGiven()
  @PhoneField()
  phone?: string;

  /**
   * How to send the code to the new phone number: `sms`, or `whatsapp` or `voice` (a call) if
   * `OTP_CHANNELS` has them. Default: the first offered channel that reaches the number.
   * @example "sms"
   */
  @IfGiven()
  @IsIn(PHONE_CHANNELS, { message: 'channel must be sms, whatsapp or voice.' })
  channel?: PhoneChannel;

  /**
   * New password. It ends all sessions.
   * @example "correct horse battery staple"
   */
  @IfGiven()
  @PasswordField()
  password?: string;

  /**
   * The current password. Needed to change `email`, `phone` or `password` when the sign-in was more
   * than ten minutes ago.
   * @example "my current password"
   */
  @IfGiven()
  @IsString({ message: 'currentPassword must be a string.' })
  currentPassword?: string;

  @ProofOfWorkField()
  proofOfWork?: string;
}

export class UpdatedProfile extends Profile {
  /** The codes that were sent to new addresses; absent if there were none. */
  pending?: Challenge[];
}

export class VerifyContact {
  /**
   * The new e-mail address. Send either this or `phone`.
   * @example "grace@example.org"
   */
  @IfGiven()
  @EmailField()
  email?: string;

  /**
   * The new phone number. Send either this or `email`.
   * @example "+12025550144"
   */
  @IfGiven()
  @PhoneOrEmailField()
  phone?: string;

  /**
   * The code from the message.
   * @example "123456"
   */
  @IsOtp('contact_change')
  otp!: string;

  @ProofOfWorkField()
  proofOfWork?: string;
}

export class UndoContactChange {
  /**
   * The part after `#token=` of the link that was sent to the old address.
   * @example "MDE5N2YzYjItN2E1NS03Y2MzLWExZjAtNGMyYTNkOWJlMDAx"
   */
  @MaxLength(128, { message: 'token is too long.' })
  @IsString({ message: 'token must be a string.' })
  token!: string;
}

export class UndoDeletion {
  /**
   * The part after `#token=` of the link that was sent to the addresses of the account.
   * @example "MDE5N2YzYjItN2E1NS03Y2MzLWExZjAtNGMyYTNkOWJlMDAx"
   */
  @MaxLength(128, { message: 'token is too long.' })
  @IsString({ message: 'token must be a string.' })
  token!: string;
}

export class UserQuery extends PageQuery {
  /** The beginning of an e-mail address or of a phone number with its country code. */
  @IfGiven()
  @Matches(/^\P{Cc}*$/u, { message: 'search must be printable characters.' })
  @MaxLength(254, { message: 'search is too long.' })
  @IsString({ message: 'search must be a single string.' })
  search?: string;
}

function RolesField(): PropertyDecorator {
  return applyDecorators(
    IfGiven(),
    ArrayUnique({ message: 'roles must not contain duplicates.' }),
    IsIn(['user', 'admin'], { each: true, message: 'roles may only contain user and admin.' }),
    ArrayNotEmpty({ message: 'roles must not be empty.' }),
    IsArray({ message: 'roles must be an array.' }),
  );
}

export class InviteUser {
  /**
   * The e-mail address that the invitation is sent to.
   * @example "mary@example.com"
   */
  @EmailField()
  email!: string;

  /**
   * The roles that the user gets with the invitation. Default: `["user"]`.
   * @example ["user"]
   */
  @RolesField()
  roles?: Role[];

  /**
   * The language of the mail (BCP 47). Default: the first supported one in `Accept-Language`, else
   * `DEFAULT_LOCALE`.
   * @example "en"
   */
  @IsLocaleTag()
  locale?: string;
}

export class UpdateUser {
  /**
   * The new roles of the user. Ends all sessions of the user.
   * @example ["user", "admin"]
   */
  @RolesField()
  roles?: Role[];

  /**
   * `true` disables the account and ends all its sessions; `false` enables it again.
   * @example false
   */
  @IfGiven()
  @IsBoolean({ message: 'disabled must be true or false.' })
  disabled?: boolean;

  /**
   * `true` ends all sessions of the user.
   * @example true
   */
  @IfGiven()
  @IsBoolean({ message: 'endSessions must be true or false.' })
  endSessions?: boolean;
}
