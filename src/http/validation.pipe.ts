import { Injectable, type ArgumentMetadata, type PipeTransform, type Type } from '@nestjs/common';
import { validateSync } from 'class-validator';
import type { FieldError } from './problem.dto.js';
import { CommonError } from './common.errors.js';

/** The errors in one reply. A body with many unknown fields must not cause a larger reply. */
const MAX_NAMED = 20;

/**
 * Checks a body or query against its DTO with class-validator. It converts nothing and rejects
 * unknown fields. Our DTOs are flat, so a copy of the fields is enough, without class-transformer.
 */
@Injectable()
export class DtoValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if ((type !== 'body' && type !== 'query') || !metatype || metatype === Object) return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw CommonError.validation([{ field: '', detail: 'The body must be a JSON object.' }]);
    }
    // class-validator finds the rules by `constructor` and accepts fields that every object has.
    const inherited = Object.keys(value).find((name) => name in Object.prototype);
    if (inherited) throw CommonError.validation([unknownField(inherited)]);

    const dto = Object.assign(new (metatype as Type<object>)(), value);
    const failures = validateSync(dto, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
    });
    if (failures.length === 0) return dto;
    throw CommonError.validation(
      failures.slice(0, MAX_NAMED).map(({ property, constraints }) => {
        const [rule, detail] = Object.entries(constraints ?? {})[0] ?? [];
        if (!detail || rule === 'whitelistValidation') return unknownField(property);
        return { field: property, detail };
      }),
    );
  }
}

function unknownField(name: string): FieldError {
  const field = name.replace(/[^\w.-]/g, '?').slice(0, 64);
  return { field, detail: `There is no field "${field}" here.` };
}
