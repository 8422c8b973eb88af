import type { OpenAPIObject } from '@nestjs/swagger';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Schema = Exclude<Schemas[string], { $ref: string }>;
type Example = Record<string, unknown> & { code: string; status: number; title: string };

/** Every problem document has these. The request id is missing where no request was read. */
const REQUIRED = ['type', 'title', 'status', 'detail', 'code'];

/**
 * Gives every error code a schema of its own, such as `OtpCooldownProblem`, made from the examples of
 * the operations. Its `code` has one value, so that generated clients can tell problems apart and know
 * the members that come with each. A reply with several codes is a union of their schemas.
 */
export function nameProblems({ paths, components }: OpenAPIObject): void {
  const schemas = components?.schemas ?? {};
  const examples = new Map<string, Example[]>();
  for (const reply of problemReplies(paths)) {
    const values = Object.values(reply.examples).map(({ value }) => value);
    const codes = [...new Set(values.map(({ code }) => code))];
    for (const value of values) examples.set(value.code, [...(examples.get(value.code) ?? []), value]);
    const refs = codes.map((code) => ({ $ref: `#/components/schemas/${schemaName(code)}` }));
    const [only, ...others] = refs;
    if (only)
      reply.schema = others.length === 0 ? only : { oneOf: refs, discriminator: discriminator(codes) };
  }
  const general = schemas.Problem as Schema;
  for (const [code, values] of [...examples].sort(([a], [b]) => (a < b ? -1 : 1)))
    schemas[schemaName(code)] = problemSchema(code, values, general);
  delete schemas.Problem;
}

interface ProblemReply {
  schema: object;
  examples: Record<string, { value: Example }>;
}

function problemReplies(paths: OpenAPIObject['paths']): ProblemReply[] {
  return Object.values(paths)
    .flatMap((path) => Object.values(path as Record<string, { responses?: Record<string, object> }>))
    .flatMap(({ responses }) => Object.values(responses ?? {}))
    .map((reply) => (reply as { content?: Record<string, unknown> }).content?.['application/problem+json'])
    .filter((reply): reply is ProblemReply => reply !== undefined);
}

/** `otp_cooldown` becomes `OtpCooldownProblem`. */
function schemaName(code: string): string {
  return `${code.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Problem`;
}

function discriminator(codes: string[]) {
  const mapping = codes.map((code) => [code, `#/components/schemas/${schemaName(code)}`]);
  return { propertyName: 'code', mapping: Object.fromEntries(mapping) as Record<string, string> };
}

/** A member that only some operations add is optional. */
function problemSchema(code: string, values: Example[], general: Schema): Schema {
  const members = new Set(values.flatMap((value) => Object.keys(value)));
  const properties = [...members].map((member) => {
    const described = general.properties?.[member];
    if (!described) throw new Error(`Problem does not document the member ${member} of ${code}`);
    return [member, described] as const;
  });
  const required = [...members].filter(
    (member) =>
      REQUIRED.includes(member) || (member !== 'requestId' && values.every((value) => member in value)),
  );
  return {
    type: 'object',
    properties: {
      ...Object.fromEntries(properties),
      status: { ...general.properties?.status, enum: [...new Set(values.map(({ status }) => status))] },
      code: { ...general.properties?.code, enum: [code] },
    },
    required,
  };
}
