import { ValidateBy } from 'class-validator';

const MAX_MESSAGES = 1_000_000_000;

const RULES: Record<string, (value: unknown) => boolean> = {
  messagesPerMinute: isCount,
  messagesPerDay: (value) => value === null || isCount(value),
  spendPerDay: (value) =>
    value === null || (typeof value === 'number' && value >= 0 && value <= MAX_MESSAGES),
};

/** Returns an error message, or null if the value is an object of limits. */
export function limitsError(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'limits must be an object.';
  for (const [name, limit] of Object.entries(value)) {
    if (!Object.hasOwn(RULES, name)) return `limits has only ${Object.keys(RULES).join(', ')}.`;
    if (!RULES[name]?.(limit))
      return name === 'messagesPerMinute'
        ? 'limits.messagesPerMinute must be a whole number from 0.'
        : `limits.${name} must be ${name === 'spendPerDay' ? 'a number' : 'a whole number'} from 0, or null.`;
  }
  return null;
}

/** Accepts an object with some of the fields of `ApplicationLimits`. */
export function IsLimits(): PropertyDecorator {
  return ValidateBy({
    name: 'isLimits',
    validator: {
      validate: (value) => limitsError(value) === null,
      defaultMessage: (args) => limitsError(args?.value) ?? '',
    },
  });
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_MESSAGES;
}
