import type { Type } from '@nestjs/common';
import { ApiOkResponse, ApiPropertyOptional } from '@nestjs/swagger';
import { IsUUID, Matches } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { CommonError } from './common.errors.js';
import { IfGiven } from './if-given.js';

const DEFAULT_LIMIT = 20;

/**
 * How many entries a page has. The properties have explicit decorators, because the compiler plugin
 * only documents `*.dto.ts` files.
 */
export class PageLimit {
  @ApiPropertyOptional({
    description: 'Entries per page.',
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: DEFAULT_LIMIT,
  })
  @IfGiven()
  @Matches(/^([1-9][0-9]?|100)$/, { message: 'limit must be a number from 1 to 100.' })
  limit?: string;
}

/** Selects a page of a list. Lists are ordered by id, which is the order of creation. */
export class PageQuery extends PageLimit {
  @ApiPropertyOptional({
    description: 'The end of the previous page, from its `Link` header.',
    format: 'uuid',
  })
  @IfGiven()
  @IsUUID('all', { message: 'cursor must come from the Link header of this list.' })
  cursor?: string;
}

/** One row more than the page holds. The extra row shows that another page follows. */
export function fetchLimit(query: PageLimit): number {
  return limitOf(query) + 1;
}

/**
 * Returns one page of the rows, of which the caller fetched up to `fetchLimit`. If more rows
 * follow, the reply links to the next page (RFC 8288) and keeps all other query parameters. `url`
 * must be built from `Config.publicUrl`: a URL from a request header could send the client and its
 * token to another host.
 */
export function paginate<Row extends { id: string }>(
  rows: Row[],
  query: PageLimit,
  url: string,
  reply: FastifyReply,
): Row[] {
  const limit = limitOf(query);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  if (last && rows.length > limit) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined) as [string, string][];
    const next = new URLSearchParams({
      ...Object.fromEntries(given),
      limit: String(limit),
      cursor: last.id,
    });
    void reply.header('link', `<${url}?${next.toString()}>; rel="next"`);
  }
  return page;
}

/** An example of an invalid page query, for the documentation. */
export const INVALID_LIMIT = CommonError.validation([
  { field: 'limit', detail: 'limit must be a number from 1 to 100.' },
]);

/** Documents a reply that is one page of a list. */
export function ApiPage(type: Type): MethodDecorator {
  return ApiOkResponse({
    type: [type],
    description: 'One page',
    headers: {
      Link: {
        description: 'The next page (RFC 8288, `rel="next"`). Absent on the last page.',
        schema: { type: 'string' },
      },
    },
  });
}

function limitOf({ limit }: PageLimit): number {
  return limit === undefined ? DEFAULT_LIMIT : Number(limit);
}
