import { AppError } from '../common/app-error.js';

/** Errors of every route that sends or verifies a code. */
export const OtpError = {
  cooldown: (retryAfter: number) =>
    new AppError('rate_limited', 'otp_cooldown', 'Please wait before requesting a new OTP.', { retryAfter }),
  resendCooldown: (retryAfter: number) =>
    new AppError('rate_limited', 'otp_cooldown', 'Please wait before resending OTP.', { retryAfter }),
  guessLimit: (retryAfter: number) =>
    new AppError(
      'rate_limited',
      'otp_guess_limit',
      'Too many wrong codes for this address. Please try again later.',
      {
        retryAfter,
      },
    ),
  resendNotFound: () =>
    new AppError('not_found', 'otp_not_found', 'OTP not found. Please generate an OTP first.'),
  notFound: () => new AppError('not_found', 'otp_not_found', 'OTP not generated for this number.'),
  emailNotFound: () => new AppError('not_found', 'otp_not_found', 'OTP not generated for this address.'),
  expired: () => new AppError('invalid', 'otp_expired', 'OTP expired, please generate a new OTP.'),
  invalid: (attemptsLeft: number) =>
    new AppError('invalid', 'otp_invalid', `Invalid OTP. ${attemptsLeft} attempt(s) left.`, { attemptsLeft }),
  exhausted: () =>
    new AppError(
      'forbidden',
      'otp_attempts_exhausted',
      'Too many failed attempts, please generate a new OTP.',
    ),
  proofInvalid: () =>
    new AppError(
      'invalid',
      'proof_invalid',
      'The proof is malformed, forged, expired or meant for another audience.',
    ),
  proofAlreadyRedeemed: () =>
    new AppError('conflict', 'proof_already_redeemed', 'This proof was already redeemed.'),
  challengeNotFound: () => new AppError('not_found', 'challenge_not_found', 'There is no such challenge.'),
  tooManyStreams: () =>
    new AppError(
      'rate_limited',
      'too_many_streams',
      'Too many streams are open for this challenge or from your address.',
      {
        retryAfter: 10,
      },
    ),
  purposeRefused: (purpose: string) =>
    new AppError(
      'invalid',
      'otp_purpose_refused',
      `Codes for the purpose "${purpose}" cannot be requested here.`,
      {
        errors: [
          {
            field: 'purpose',
            detail: 'Use verification, transaction or a custom purpose that OTP_PURPOSES allows.',
          },
        ],
      },
    ),
  contextRequired: () =>
    new AppError(
      'invalid',
      'otp_context_required',
      'This purpose requires a context that says what the code approves.',
      {
        errors: [{ field: 'context', detail: 'Describe what the code approves.' }],
      },
    ),
};

/** Why an address is refused before anything is sent. */
export const AddressError = {
  missing: (fields: string[]) =>
    new AppError('invalid', 'validation_failed', `Give exactly one address: ${fields.join(' or ')}.`, {
      errors: fields.map((field) => ({ field, detail: `Give exactly one of ${fields.join(' and ')}.` })),
    }),
  email: (field: string) =>
    new AppError('invalid', 'email_invalid', 'This is not an e-mail address that we can send to.', {
      errors: [{ field, detail: 'Give one plain e-mail address, such as ada@example.com.' }],
    }),
  phone: (field: string) =>
    new AppError('invalid', 'phone_invalid', 'This is not a phone number that we can send to.', {
      errors: [
        {
          field,
          detail:
            'Give one possible number without extension, such as +14155550123. ' +
            'Personal, toll-free, premium-rate and VoIP numbers get no codes.',
        },
      ],
    }),
  nationalPhone: (field: string) =>
    new AppError(
      'invalid',
      'phone_country_unknown',
      'Give the number with its country code, such as +14155550123.',
      {
        errors: [
          { field, detail: 'National numbers are not accepted, because PHONE_DEFAULT_COUNTRY is not set.' },
        ],
      },
    ),
  country: (field: string) =>
    new AppError('invalid', 'country_not_allowed', 'We do not send to numbers of this country.', {
      errors: [{ field, detail: 'SMS_ALLOWED_COUNTRIES does not include the country of this number.' }],
    }),
  notMobile: (field: string) =>
    new AppError('invalid', 'phone_not_mobile', 'This is a fixed line. Give the number of a mobile phone.', {
      errors: [
        { field, detail: 'Fixed lines get codes by the channel voice only, which is not offered here.' },
      ],
    }),
  channel: (channel: string) =>
    new AppError('invalid', 'channel_not_available', `This address cannot be reached by ${channel}.`, {
      errors: [
        {
          field: 'channel',
          detail:
            'Use email for an e-mail address; sms, whatsapp or voice for a mobile phone; voice for a fixed line. ' +
            'The channel must be offered.',
        },
      ],
    }),
  channelWithoutContext: (channel: string) =>
    new AppError(
      'invalid',
      'channel_not_available',
      `A code with a context cannot be sent to this address by ${channel}.`,
      {
        errors: [
          {
            field: 'channel',
            detail: 'No provider of this channel can show the context. Use another channel, such as email.',
          },
        ],
      },
    ),
};

/** Examples for Swagger: the errors for an address in `field`. */
export const addressErrors = (field: string) => [
  AddressError.phone(field),
  AddressError.nationalPhone(field),
  AddressError.country(field),
  AddressError.notMobile(field),
  AddressError.email('email'),
  AddressError.channel('sms'),
];
