import { ValidateBy, type ValidationOptions } from 'class-validator';

const MAX_ENTRIES = 6;
const NAME = /^[A-Za-z][A-Za-z0-9 _-]{0,31}$/;
/** Letters, digits, punctuation and blanks of any language; nothing that controls, hides or reorders text. */
const VALUE = /^(?! *$)(?:(?![\p{DI}\u2800])[\p{L}\p{M}\p{N}\p{P}\p{S} ]){1,64}$/u;
/** What a phone or mail program would make a link of, once full-width forms are folded. */
const LINK = /:\/\/|www\.|[\p{L}\p{N}][.\u3002]\p{L}{2}|@/iu;

/** Why a value is no context, or null when it is one. */
export function contextFault(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'context must be an object of strings.';
  const entries = Object.entries(value);
  if (entries.length === 0 || entries.length > MAX_ENTRIES)
    return `context must have 1 to ${MAX_ENTRIES} entries.`;
  for (const [name, text] of entries) {
    if (!NAME.test(name)) return 'Names in context are up to 32 letters, digits, blanks, - and _.';
    if (typeof text !== 'string') return 'context must be an object of strings.';
    if (!VALUE.test(text)) return 'Values in context are 1 to 64 printable characters.';
    if (LINK.test(text.normalize('NFKC')))
      return 'Values in context must not hold links or addresses: they are shown in messages.';
  }
  return null;
}

/** A flat object of short strings that may stand in a message. */
export function IsContext(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isContext',
      validator: {
        validate: (value) => contextFault(value) === null,
        defaultMessage: (args) => contextFault(args?.value) ?? '',
      },
    },
    options,
  );
}
