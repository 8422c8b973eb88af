import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { Format } from './formats.js';

/**
 * A rule beyond the type of a field. The checks of these rules are in upper layers, so the
 * validation pipe gets them from `server.ts`.
 *
 * - `address`: exactly one of this field and `email` must be given.
 * - `channel`: the channel must suit the kind of address.
 */
export type FieldKind = 'email' | 'phone' | 'password' | 'code' | 'purpose' | 'channel' | 'address';

export interface FieldRule {
  field: string;
  kind: FieldKind;
  /** Of a code, if the request does not name it. */
  purpose?: string;
}

/**
 * The fields of a body. A field that was given with a wrong type or an invalid value is null.
 */
export type Fields = Record<string, unknown>;

/** Throws an `AppError` that names the field if its value is refused. */
export type FieldCheck = (fields: Fields, rule: FieldRule) => void;

export type FieldChecks = Record<FieldKind, FieldCheck>;

const RULES = 'field rules';

/** The rules of a DTO, including those of the classes that it extends. */
export function rulesOf(dto: object): FieldRule[] {
  return (Reflect.getMetadata(RULES, dto) as FieldRule[] | undefined) ?? [];
}

/** Adds a rule to the field. */
export function CheckedAs(kind: FieldKind, purpose?: string): PropertyDecorator {
  return (prototype, field) => {
    const rules = [...rulesOf(prototype), { field: String(field), kind, purpose }];
    Reflect.defineMetadata(RULES, rules, prototype);
  };
}

/** A text of limited length. */
function TextField(maxLength: number): PropertyDecorator {
  return applyDecorators(
    IsString({ message: '$property must be a string.' }),
    MaxLength(maxLength, { message: '$property is too long.' }),
    ApiProperty({ maxLength }),
  );
}

/** An e-mail address. */
export function EmailField(): PropertyDecorator {
  return applyDecorators(TextField(254), Format('email'), CheckedAs('email'));
}

/** A phone number. */
export function PhoneField(): PropertyDecorator {
  return applyDecorators(TextField(64), CheckedAs('phone'));
}

/** Marks, in a schema, the field that must be given if this one is not. */
export const ALTERNATIVE = 'x-alternative';

/** Marks, in a schema, a field that never occurs. */
export const ABSENT = 'x-absent';

/** A field that another variant of the body has, and this one has not. */
export function Absent(): PropertyDecorator {
  return ApiProperty({ required: false, type: 'boolean', [ABSENT]: true } as ApiPropertyOptions);
}

/** A phone number in a body that takes either this or `email`. */
export function PhoneOrEmailField(): PropertyDecorator {
  const alternative = { [ALTERNATIVE]: 'email' } as ApiPropertyOptions;
  return applyDecorators(PhoneField(), CheckedAs('address'), ApiProperty(alternative));
}

/** A new password. */
export function PasswordField(): PropertyDecorator {
  return applyDecorators(IsString({ message: '$property must be a string.' }), CheckedAs('password'));
}
