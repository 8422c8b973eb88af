import { PasswordError } from '../passwords/passwords.errors.js';
import { refusalReason } from '../passwords/password-rules.js';
import { UserError } from './users.errors.js';

/** The refusal of a common password, made by the rules themselves so that the text cannot drift. */
export const PASSWORD_REFUSED = PasswordError.refused(refusalReason('password123', {}, 8) ?? '', 'password');

export const ADDRESS_RESERVED = UserError.addressReserved('AZ_zsnpVfMOh8EwqPZvgAZ9Lw3Bk…');
