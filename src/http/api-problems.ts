import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { AppError } from '../common/app-error.js';
import { toProblem } from './problem.js';
import { Problem } from './problem.dto.js';

const EXAMPLE_REQUEST_ID = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';

/** Documents the errors of an operation: one response per status, one example per error. */
export function ApiProblems(...errors: AppError[]): MethodDecorator & ClassDecorator {
  const problems = errors.map((error) => toProblem(error, EXAMPLE_REQUEST_ID));
  const statuses = [...new Set(problems.map(({ status }) => status))];
  return applyDecorators(
    ApiExtraModels(Problem),
    ...statuses.map((status) => {
      const examples = problems
        .filter((problem) => problem.status === status)
        .map((value) => [value.code, { value }]);
      return ApiResponse({
        status,
        description: examples.map(([code]) => `\`${code as string}\``).join(', '),
        content: {
          'application/problem+json': {
            schema: { $ref: getSchemaPath(Problem) },
            examples: Object.fromEntries(examples) as Record<string, { value: Problem }>,
          },
        },
      });
    }),
  );
}

type BodyExamples = Record<string, { summary: string; value: object }>;

/** The same example bodies with a code added. */
export function withOtp(examples: BodyExamples): BodyExamples {
  return Object.fromEntries(
    Object.entries(examples).map(([name, { summary, value }]) => [
      name,
      { summary, value: { ...value, otp: '123456' } },
    ]),
  );
}
