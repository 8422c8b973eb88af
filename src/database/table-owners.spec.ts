import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { statements } from './sql.js';
import { CROSS_MODULE_STATEMENTS, TABLE_OWNERS, type Table } from './table-owners.js';

const SRC = resolve(import.meta.dirname, '..');
const SCHEMA = 'database/schema.ts';
const TABLES = Object.keys(TABLE_OWNERS) as Table[];

interface Sql {
  /** The statement's name, or `file constant`. */
  name: string;
  module: string;
  text: string;
  tables: Table[];
}

const TABLE_REFERENCE = new RegExp(
  String.raw`(?:\b(?:from|join|into|update|using|table)\s+|,\s*)(?:only\s+)?(${TABLES.join('|')})\b(?!\s*\.)`,
  'gi',
);

/** The tables that an SQL text refers to. A comma covers the later tables of `from a, b`. */
function tablesOf(text: string): Table[] {
  const withoutComments = text.replace(/--.*/g, '');
  const names = [...withoutComments.matchAll(TABLE_REFERENCE)].map(([, name]) => name?.toLowerCase());
  return [...new Set(names as Table[])].sort();
}

const isSql = (text: string) =>
  /\b(?:select|insert\s+into|delete\s+from|update\s+\w+\s+set)\b/i.test(text) && tablesOf(text).length > 0;

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /(?<!\.spec|\.d)\.ts$/.test(file) && file !== SCHEMA);
}

/** The fixed parts of a string or template literal; null for other nodes. */
function literalParts(node: ts.Node): string[] | null {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (!ts.isTemplateExpression(node)) return null;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
}

/**
 * Registered statements are complete: what other files interpolate into them is part of their text.
 */
async function registeredSql(file: string, source: string): Promise<Sql[]> {
  const names = [...source.matchAll(/\bstatement\(\s*['"`]([^'"`]+)['"`]/g)].map(([, name = '']) => name);
  if (names.length === 0) return [];
  await import(join(SRC, file));
  return names.flatMap((name) => {
    const pattern = new RegExp(`^${name.replace(/\$\{[^}]*\}/g, '\\w+')}$`);
    const matching = [...statements.values()].filter((registered) => pattern.test(registered.name));
    if (matching.length === 0) throw new Error(`${file}: the statement ${name} is not registered`);
    return matching.map((registered) => sqlOf(file, registered.name, registered.text));
  });
}

/**
 * SQL in other literals, for example of `manager.query`. Fragments of the module's statements are
 * left out.
 */
function otherSql(file: string, source: string, registered: Sql[]): Sql[] {
  const module = moduleOf(file);
  const isFragment = (parts: string[]) =>
    registered.some((sql) => sql.module === module && parts.every((part) => sql.text.includes(part)));
  const found: Sql[] = [];
  const visit = (node: ts.Node): void => {
    const parts = literalParts(node);
    if (parts && isSql(parts.join(' ')) && !isFragment(parts))
      found.push(sqlOf(file, nameOf(node) ?? `${file} ${constantOf(node)}`, parts.join(' ')));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true));
  return found;
}

/** The name beside the text in `{ name: '…', text: '…' }`. */
function nameOf(literal: ts.Node): string | undefined {
  const object = literal.parent.parent;
  if (!ts.isObjectLiteralExpression(object)) return undefined;
  const name = object.properties.find((property) => property.name?.getText() === 'name');
  return name && ts.isPropertyAssignment(name) && ts.isStringLiteralLike(name.initializer)
    ? name.initializer.text
    : undefined;
}

/** The constant, function or method that contains the literal. */
function constantOf(node: ts.Node): string {
  for (let outer = node.parent; outer; outer = outer.parent)
    if (ts.isVariableDeclaration(outer) || ts.isFunctionDeclaration(outer) || ts.isMethodDeclaration(outer))
      return outer.name?.getText() ?? '';
  return '';
}

function entities(file: string, source: string): Sql[] {
  return [...source.matchAll(/@Entity\('(\w+)'\)/g)].map(([, table = '']) =>
    sqlOf(file, `${file} @Entity`, `from ${table}`),
  );
}

function sqlOf(file: string, name: string, text: string): Sql {
  return { name, module: moduleOf(file), text, tables: tablesOf(text) };
}

function moduleOf(file: string): string {
  return file.split('/')[0] ?? '';
}

/** One `name: table` for each reference to a table of another module. */
function foreignReferences(all: Sql[]): string[] {
  return all.flatMap(({ name, module, tables }) =>
    tables.filter((table) => TABLE_OWNERS[table] !== module).map((table) => `${name}: ${table}`),
  );
}

describe('table ownership', () => {
  const listed = Object.entries(CROSS_MODULE_STATEMENTS).flatMap(([name, { tables }]) =>
    tables.map((table) => `${name}: ${table}`),
  );
  let all: Sql[];

  beforeAll(async () => {
    const sources = sourceFiles().map((file) => ({ file, source: readFileSync(join(SRC, file), 'utf8') }));
    const registered: Sql[] = [];
    for (const { file, source } of sources) registered.push(...(await registeredSql(file, source)));
    expect(registered.map(({ name }) => name).sort()).toEqual([...statements.keys()].sort());
    const others = sources.flatMap(({ file, source }) => [
      ...otherSql(file, source, registered),
      ...entities(file, source),
    ]);
    all = [...registered, ...others];
  }, 60_000);

  it('assigns every table of the schema to a module', () => {
    const schema = readFileSync(join(SRC, SCHEMA), 'utf8');
    const created = [...schema.matchAll(/^create table (\w+)/gm)].map(([, table]) => table);
    expect(TABLES.toSorted()).toEqual(created.sort());
  });

  it('finds SQL for every table in its own module', () => {
    const own = all.flatMap(({ module, tables }) => tables.filter((table) => TABLE_OWNERS[table] === module));
    expect([...new Set(own)].sort()).toEqual(TABLES.toSorted());
  });

  it('allows SQL on the table of another module only in listed statements', () => {
    expect(foreignReferences(all).filter((reference) => !listed.includes(reference))).toEqual([]);
  });

  it('lists only statements and tables that need it', () => {
    expect(listed.filter((reference) => !foreignReferences(all).includes(reference))).toEqual([]);
  });
});

describe('tablesOf', () => {
  it.each([
    ['select 1 from users', ['users']],
    ['select 1 from users u, sessions', ['sessions', 'users']],
    ['select 1 from (select 1) x, devices d join customers c on true', ['customers', 'devices']],
    ['update challenges set id = $1', ['challenges']],
    ['delete from messages m using suppressions s where true', ['messages', 'suppressions']],
    ['insert into audit_entries (id) values ($1)', ['audit_entries']],
    ['(table registrations union all select 1)', ['registrations']],
    ['with users_of as (select 1) select 1 from users_of', []],
    ['select 1, sessions.user_id from owner -- from users', []],
    ['insert into owner (id) values ($1) on conflict do update set id = 1', []],
  ])('finds the tables of %j', (text, tables) => {
    expect(tablesOf(text)).toEqual(tables);
  });
});
