import { ValidateBy } from 'class-validator';

/** Letters of any language, digits, and what stands between them; nothing that hides, reorders or looks like markup. */
const NAME =
  /^(?=.*[\p{L}\p{N}])(?!.*\p{Default_Ignorable_Code_Point})[\p{L}\p{M}\p{N} .,'’·()&_@+-]{1,64}$/u;

/** A name of a person as people write it. */
export function IsName(field: string, { orNull = true } = {}): PropertyDecorator {
  return ValidateBy({
    name: 'isName',
    validator: {
      validate: (value) => (orNull && value === null) || (typeof value === 'string' && NAME.test(value)),
      defaultMessage: () => `${field} must be 1 to 64 letters, digits and blanks.`,
    },
  });
}
