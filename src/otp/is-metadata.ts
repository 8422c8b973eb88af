import { ValidateBy } from 'class-validator';

const MAX_BYTES = 1_024;

/** PostgreSQL stores neither NUL nor half of a surrogate pair. */
const UNSTORABLE = /[\p{Cs}\0]/u;

/** Returns an error message, or null if the value is an object of strings. */
export function metadataError(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'metadata must be an object of strings.';
  const entries = Object.entries(value);
  if (!entries.every(([, text]) => typeof text === 'string')) return 'metadata must be an object of strings.';
  if (entries.flat().some((text) => UNSTORABLE.test(text as string)))
    return 'metadata must not contain NUL characters or lone surrogates.';
  if (Buffer.byteLength(JSON.stringify(value)) > MAX_BYTES)
    return `metadata must have at most ${MAX_BYTES} bytes as JSON.`;
  return null;
}

/** Accepts a flat object of strings, up to 1 kB as JSON. */
export function IsMetadata(): PropertyDecorator {
  return ValidateBy({
    name: 'isMetadata',
    validator: {
      validate: (value) => metadataError(value) === null,
      defaultMessage: (args) => metadataError(args?.value) ?? '',
    },
  });
}
