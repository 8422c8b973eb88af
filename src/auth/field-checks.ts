import { addressOf, parseEmail } from '../common/recipient.js';
import type { FieldChecks, Fields } from '../http/fields.js';
import { readCodeOfLength } from '../otp/is-otp.js';
import { AddressError, OtpError } from '../otp/otp.errors.js';
import type { Purposes } from '../otp/purposes.js';
import type { Recipients } from '../otp/recipients.js';
import type { PasswordOwner, Passwords } from '../passwords/passwords.service.js';

/**
 * The checks of the validation pipe. They use the settings and the body only, so a reply never
 * depends on whether an account or a code exists. A password made of names that only the account
 * knows is left to the service that sets it.
 */
export function fieldChecks(recipients: Recipients, passwords: Passwords, purposes: Purposes): FieldChecks {
  return {
    email: (fields, { field }) => void recipients.fromFields({ [field]: fields[field] as string }),
    phone: (fields, { field }) => void recipients.fromFields({ [field]: fields[field] as string }),
    address: (fields, { field }) => {
      if ((fields[field] === undefined) === (fields.email === undefined))
        throw AddressError.missing([field, 'email']);
    },
    channel: ({ channel, email, phone, phone_number }) => {
      const toPhone = phone !== undefined || phone_number !== undefined;
      if (toPhone !== (email !== undefined) && toPhone === (channel === 'email'))
        throw AddressError.channel(channel as string);
    },
    code: (fields, { field, purpose }) => {
      const requested = typeof fields.purpose === 'string' ? fields.purpose : 'verification';
      const { codeLength } = purposes.policyOf(purpose ?? requested);
      readCodeOfLength(fields[field] as string, codeLength, field);
    },
    purpose: ({ purpose, context }) => {
      const policy = purposes.policyForRequest(purpose as string);
      if (policy.context === 'required' && context === undefined) throw OtpError.contextRequired();
    },
    password: (fields, { field }) =>
      passwords.assertAcceptable(fields[field] as string, ownerOf(fields), field),
  };
}

function ownerOf({ email, username, firstName, lastName }: Fields): PasswordOwner {
  const recipient = typeof email === 'string' ? parseEmail(email) : null;
  return {
    email: recipient && addressOf(recipient),
    names: [username, firstName, lastName].filter((name) => typeof name === 'string'),
  };
}
