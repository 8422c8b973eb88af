import { ValidateBy } from 'class-validator';

/**
 * Letters and digits of any language, spaces and common punctuation. Characters that are invisible,
 * reorder text or look like markup are refused.
 */
const NAME =
  /^(?=.*[\p{L}\p{N}])(?!.*\p{Default_Ignorable_Code_Point})[\p{L}\p{M}\p{N} .,'’·()&_@+-]{1,64}$/u;

/** Accepts a person's name, and null unless `allowNull` is false. */
export function IsName(field: string, { allowNull = true } = {}): PropertyDecorator {
  return ValidateBy({
    name: 'isName',
    validator: {
      validate: (value) => (allowNull && value === null) || (typeof value === 'string' && NAME.test(value)),
      defaultMessage: () => `${field} must be 1 to 64 letters, digits, spaces and common punctuation.`,
    },
  });
}
