import { Injectable, type ArgumentMetadata, type PipeTransform, type Type } from '@nestjs/common';
import { getMetadataStorage, validateSync } from 'class-validator';
import type { FieldError } from './problem.dto.js';
import { CommonError } from './common.errors.js';

/** Refused fields named in one answer; the rest is dropped, so that no body is answered with a larger one. */
const MAX_NAMED = 20;

gatherRulesOnce();

/**
 * Checks a body or query against its DTO by class-validator, strictly: nothing is converted, unknown fields are
 * refused. Our DTOs are flat, so the instance is made by copying, without class-transformer.
 */
@Injectable()
export class DtoValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if ((type !== 'body' && type !== 'query') || !metatype || metatype === Object) return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw CommonError.validation([{ field: '', detail: 'The body must be a JSON object.' }]);
    }
    // An own "constructor" would hide the class from class-validator, which also takes "hasOwnProperty" for known.
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

/**
 * class-validator gathers and groups the rules of a class anew at every call, from those of all classes, for it cannot know
 * whether one was added. A class of ours has its rules when it is defined, and uses neither groups nor schemas.
 */
function gatherRulesOnce(): void {
  const storage = getMetadataStorage();
  storage.getTargetValidationMetadatas = remembered(storage.getTargetValidationMetadatas.bind(storage));
  storage.groupByPropertyName = remembered(storage.groupByPropertyName.bind(storage));
}

/** Made once for each first argument. */
function remembered<Key extends object, More extends unknown[], Value>(
  make: (key: Key, ...more: More) => Value,
): (key: Key, ...more: More) => Value {
  const known = new WeakMap<Key, Value>();
  return (key, ...more) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = make(key, ...more)));
    return value;
  };
}
