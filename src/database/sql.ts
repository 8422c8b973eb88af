import { Injectable } from '@nestjs/common';
import { Query, type Pool, type QueryResult, type QueryResultRow } from 'pg';
import { DataSource } from 'typeorm';

/** A statement that is planned once per connection and then called by its name. */
export interface Statement {
  name: string;
  text: string;
}

/** By name: a connection keeps what it prepared under one, so no two of ours may share it. */
export const statements = new Map<string, Statement>();

export function statement(name: string, text: string): Statement {
  if (statements.has(name)) throw new Error(`two statements are named ${name}`);
  const made = { name, text };
  statements.set(name, made);
  return made;
}

/** Runs the hot statements as named prepared statements on TypeORM's own pool, without its query runner. */
@Injectable()
export class Sql {
  constructor(private readonly dataSource: DataSource) {}

  async rows<Row extends QueryResultRow>({ name, text }: Statement, values: unknown[]): Promise<Row[]> {
    const { master } = this.dataSource.driver as unknown as { master: Pool };
    for (let tries = 1; ; tries++) {
      // pg copies a plain object property by property, and the types do not know that it answers for a query of its own.
      const query = Object.assign(new Query(text, values), { name });
      try {
        const { rows } = await (master.query(query) as unknown as Promise<QueryResult<Row>>);
        return rows;
      } catch (error) {
        // The pool ends a connection that answers with an error, so each of them is in the way once.
        if (!isOutdated(error) || tries > master.options.max) throw error;
      }
    }
  }

  async row<Row extends QueryResultRow>(statement: Statement, values: unknown[]): Promise<Row | null> {
    const [first] = await this.rows<Row>(statement, values);
    return first ?? null;
  }
}

/**
 * A process of the next version has changed a column by a migration since the statement was prepared. It is refused before it
 * did anything, once and for all on that connection.
 */
function isOutdated(error: unknown): boolean {
  return (error as { routine?: string }).routine === 'RevalidateCachedQuery';
}
