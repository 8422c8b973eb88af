import { ValidateIf } from 'class-validator';

/** The field may be absent, but `null` is validated like any other value and usually rejected. */
export function IfGiven(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}
