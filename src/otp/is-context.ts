import { ValidateBy, type ValidationOptions } from 'class-validator';

const MAX_ENTRIES = 6;
const NAME = /^[A-Za-z][A-Za-z0-9 _-]{0,31}$/;
/** Printable text of any language. Excludes characters that control, hide or reorder text. */
const VALUE = /^(?! *$)(?:(?![\p{DI}\u2800])[\p{L}\p{M}\p{N}\p{P}\p{S} ]){1,64}$/u;
/** Text that a phone or mail program turns into a link. Checked after full-width forms are folded. */
const LINK = /:\/\/|www\.|[\p{L}\p{N}][.\u3002]\p{L}{2}|@/iu;

/** Returns an error message, or null if the value is a valid context. */
export function contextError(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'context must be an object of strings.';
  const entries = Object.entries(value);
  if (entries.length === 0 || entries.length > MAX_ENTRIES)
    return `context must have 1 to ${MAX_ENTRIES} entries.`;
  for (const [name, text] of entries) {
    if (!NAME.test(name))
      return 'Names in context must start with a letter and have up to 32 letters, digits, spaces, - and _.';
    if (typeof text !== 'string') return 'context must be an object of strings.';
    if (!VALUE.test(text)) return 'Values in context must have 1 to 64 printable characters.';
    if (LINK.test(text.normalize('NFKC')))
      return 'Values in context must not contain links or addresses, because messages show them.';
  }
  return null;
}

/** Accepts a flat object of short strings that is safe to show in a message. */
export function IsContext(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isContext',
      validator: {
        validate: (value) => contextError(value) === null,
        defaultMessage: (args) => contextError(args?.value) ?? '',
      },
    },
    options,
  );
}
