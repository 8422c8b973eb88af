import type { Type } from '@nestjs/common';
import { ApiOkResponse, ApiPropertyOptional } from '@nestjs/swagger';
import { IsUUID, Matches } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { CommonError } from './common.errors.js';
import { IfGiven } from './if-given.js';

const DEFAULT_LIMIT = 20;

/**
 * Which page of a list, in the order of the ids, which is that of creation. The documentation is spelt out, for the
 * compiler plugin reads `*.dto.ts` only.
 */
export class PageQuery {
  @ApiPropertyOptional({
    description: 'How many entries a page has: 1 to 100, by default 20.',
    example: '20',
  })
  @IfGiven()
  @Matches(/^([1-9][0-9]?|100)$/, { message: 'limit must be a number from 1 to 100.' })
  limit?: string;

  @ApiPropertyOptional({
    description: 'Where the page before ended; the `Link` of that page has it.',
    format: 'uuid',
  })
  @IfGiven()
  @IsUUID('all', { message: 'cursor must be one that a Link of this list had.' })
  cursor?: string;
}

/** One row more than the page holds: it tells whether another page follows. */
export function fetchLimit(query: PageQuery): number {
  return limitOf(query) + 1;
}

/**
 * The page, of rows fetched by `rowsToFetch`. When more follow, the reply names the next page (RFC 8288), with
 * everything else that the query asked for. The `url` is that of the list, as `Config.publicUrl` has it: a header of
 * the request could send the client, with its token, to somebody else.
 */
export function paginate<Row extends { id: string }>(
  rows: Row[],
  query: PageQuery,
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

/** An example of what a list is refused with, for the documentation. */
export const INVALID_LIMIT = CommonError.validation([
  { field: 'limit', detail: 'limit must be a number from 1 to 100.' },
]);

/** Documents a list that is answered page by page. */
export function ApiPage(type: Type): MethodDecorator {
  return ApiOkResponse({
    type: [type],
    description: 'One page',
    headers: {
      Link: {
        description: 'The next page (RFC 8288, `rel="next"`); absent on the last one.',
        schema: { type: 'string' },
      },
    },
  });
}

function limitOf({ limit }: PageQuery): number {
  return limit === undefined ? DEFAULT_LIMIT : Number(limit);
}
