import { ApiProperty } from '@nestjs/swagger';
import { MaxLength, IsString } from 'class-validator';
import { ProofOfWorkField } from '../budgets/proof-of-work-field.js';
import { Message, SignedIn, SignInApproved, SignInCodeSent } from '../auth/sign-in.dto.js';
import { CustomerDetails } from '../customers/customers.dto.js';
import { Format } from '../http/formats.js';
import { IfGiven } from '../http/if-given.js';
import { IsCompatOtp } from './compat-otp.js';

const CODE_SCHEMA = { oneOf: [{ type: 'integer' }, { type: 'string' }], required: false };

export class CompatVerification {
  /**
   * The address that was registered. Not needed with the cookie from `/api/register`.
   * @example "grace@example.com"
   */
  @IfGiven()
  @Format('email')
  @MaxLength(254, { message: 'email is too long.' })
  @IsString({ message: 'email must be a string.' })
  email?: string;

  /** The code from the mail. Zeros that are missing at the front are added. */
  @ApiProperty({ ...CODE_SCHEMA, example: 42317 })
  @IfGiven()
  @IsCompatOtp('OTP')
  OTP?: string | number;

  /** The same as `OTP`. Send only one of them. */
  @ApiProperty({ ...CODE_SCHEMA, example: '042317' })
  @IfGiven()
  @IsCompatOtp('otp')
  otp?: string | number;

  @ProofOfWorkField()
  proofOfWork?: string;
}

export class CompatCodeSent extends SignInCodeSent {
  /**
   * The same as `message`.
   * @example "Enter the code that was mailed to you."
   */
  msg!: string;
}

export class CompatVerified extends SignInApproved {
  /**
   * The result, for display.
   * @example "User Register Successfully"
   */
  msg!: string;
}

export class CompatSignedIn extends SignedIn {
  /**
   * The result, for display.
   * @example "login successfully"
   */
  msg!: string;

  /**
   * The same as `accessToken`. Under `/api` it works until its session ends, even after its `exp`.
   * @example "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk3ZjNiMiJ9.c2ln"
   */
  token!: string;
}

export class CompatMessage extends Message {
  /**
   * The same as `message`.
   * @example "Signed out."
   */
  msg!: string;
}

export class CompatCustomerDetails extends CustomerDetails {
  /**
   * The same as `contact`.
   * @example "+12025550146"
   */
  contect!: string | null;
}

export class CompatNewCustomer extends CompatCustomerDetails {
  /**
   * The result, for display.
   * @example "Customer added."
   */
  msg!: string;
}
