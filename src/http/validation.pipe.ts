import { Injectable, type ArgumentMetadata, type PipeTransform, type Type } from '@nestjs/common';
import { validateSync, type ValidationError } from 'class-validator';
import { AppError } from '../common/app-error.js';
import type { FieldError } from './problem.dto.js';
import { CommonError } from './common.errors.js';
import { rulesOf, type FieldChecks, type FieldKind, type FieldRule, type Fields } from './fields.js';

/** The errors in one reply. A body with many unknown fields must not cause a larger reply. */
const MAX_NAMED = 20;

/** Checks that cost next to nothing. They run on every request. */
const CHEAP = new Set<FieldKind>(['code', 'purpose', 'channel']);

/**
 * Checks a body or query against its DTO with class-validator. It converts nothing and rejects
 * unknown fields. Our DTOs are flat, so a copy of the fields is enough, without class-transformer.
 *
 * A reply names every refused field. Addresses and passwords are checked by the services that use
 * them, so the pipe checks them only if the body has another fault or several of such fields. A
 * body with one fault gets the error of that fault.
 */
@Injectable()
export class DtoValidationPipe implements PipeTransform {
  /** Without checks, only the types and formats of the fields are validated. */
  constructor(private readonly checks?: FieldChecks) {}

  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if ((type !== 'body' && type !== 'query') || !metatype || metatype === Object) return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw CommonError.validation([{ field: '', detail: 'The body must be a JSON object.' }]);
    }
    // class-validator finds the rules by `constructor` and accepts fields that every object has.
    const inherited = Object.keys(value).filter((name) => name in Object.prototype);
    const own = inherited.length === 0 ? value : without(value, inherited);

    const dto = Object.assign(new (metatype as Type<object>)(), own) as Fields;
    const failures = validateSync(dto, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
    });
    const invalid = failures.filter((failure) => !isUnknown(failure));
    const unknown = [...inherited, ...failures.filter(isUnknown).map(({ property }) => property)];
    const hasOtherFault = invalid.length + unknown.length > 0;
    const faults = this.findFaults(rulesOf(dto), withNulls(dto, invalid), hasOtherFault);
    const [fault, ...more] = faults;
    if (!hasOtherFault && !fault) return dto;
    if (!hasOtherFault && fault && more.length === 0) throw fault;
    throw CommonError.validation(
      oncePerField([
        ...invalid.map(({ property, constraints }) => ({
          field: property,
          detail: Object.values(constraints ?? {})[0] ?? '',
        })),
        ...faults.flatMap(({ extra }) => extra.errors ?? []),
        ...unknown.slice(0, MAX_NAMED).map(unknownField),
      ]).slice(0, MAX_NAMED),
    );
  }

  private findFaults(rules: FieldRule[], fields: Fields, hasOtherFault: boolean): AppError[] {
    const run = (rule: FieldRule) => faultOf(() => this.checks?.[rule.kind](fields, rule));
    const given = rules.filter(({ kind, field }) => kind === 'address' || typeof fields[field] === 'string');
    const cheap = given.filter(({ kind }) => CHEAP.has(kind)).flatMap(run);
    const others = given.filter(({ kind }) => !CHEAP.has(kind));
    const values = others.filter(({ kind }) => kind !== 'address');
    if (!hasOtherFault && cheap.length === 0 && values.length < 2) return [];
    return [...cheap, ...others.flatMap(run)];
  }
}

function faultOf(check: () => void): AppError[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof AppError) return [error];
    throw error;
  }
}

function without(value: object, names: string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

/** The fields with null for each invalid one, so that no check reads its value. */
function withNulls(dto: Fields, invalid: ValidationError[]): Fields {
  if (invalid.length === 0) return dto;
  return { ...dto, ...Object.fromEntries(invalid.map(({ property }) => [property, null])) };
}

function isUnknown({ constraints }: ValidationError): boolean {
  return constraints === undefined || 'whitelistValidation' in constraints;
}

function unknownField(name: string): FieldError {
  const field = name.replace(/[^\w.-]/g, '?').slice(0, 64);
  return { field, detail: `There is no field "${field}" here.` };
}

/** The first error of each field. */
function oncePerField(errors: FieldError[]): FieldError[] {
  return [...new Map(errors.toReversed().map((error) => [error.field, error])).values()].toReversed();
}
