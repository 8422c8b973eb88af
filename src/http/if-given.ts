import { ValidateIf } from 'class-validator';

/** For a field that may be absent, but not null: `null` where a string belongs is a mistake, not an absence. */
export function IfGiven(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}
