import type { paths } from './openapi.js';

export type ApiMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE';

type Operation<Path extends keyof paths, Method extends ApiMethod> = paths[Path][Lowercase<Method>];

/** The paths that have a method. */
export type PathsWith<Method extends ApiMethod> = {
  [Path in keyof paths]: Operation<Path, Method> extends { responses: object } ? Path : never;
}[keyof paths];

type BodyOf<Op> = Op extends { requestBody?: { content: { 'application/json': infer Body } } } ? Body : never;

type Parameters<Op, Kind extends 'path' | 'query'> = Op extends { parameters: { [K in Kind]?: infer Values } }
  ? Exclude<Values, undefined>
  : never;

type Inputs<Op> = {
  path: Parameters<Op, 'path'>;
  query: Parameters<Op, 'query'>;
  body: BodyOf<Op>;
};

/** Members that may be left out: those whose value may be `{}`. Members without a value are absent. */
type Options<Values> = {
  [
    Name in keyof Values as [Values[Name]] extends [never]
      ? never
      : object extends Values[Name]
        ? never
        : Name
  ]: Values[Name];
} & {
  [
    Name in keyof Values as [Values[Name]] extends [never]
      ? never
      : object extends Values[Name]
        ? Name
        : never
  ]?: Values[Name];
} & { signal?: AbortSignal; headers?: Record<string, string> };

type Arguments<Given> = object extends Given ? [options?: Given] : [options: Given];

type Success = 200 | 201 | 202;

/** The body of a successful reply. `undefined` where the reply has none. */
type DataOf<Op> = Op extends { responses: infer Replies }
  ? {
      [Status in keyof Replies]: Status extends Success
        ? Replies[Status] extends { content: { 'application/json': infer Data } }
          ? Data
          : string
        : Status extends 204
          ? undefined
          : never;
    }[keyof Replies]
  : never;

export interface ApiReply<Data> {
  data: Data;
  /** For headers, such as `Link` of a page of a list. */
  response: Response;
}

type Send<Method extends ApiMethod> = <Path extends PathsWith<Method>>(
  path: Path,
  ...options: Arguments<Options<Inputs<Operation<Path, Method>>>>
) => Promise<ApiReply<DataOf<Operation<Path, Method>>>>;

/** Every route of the server. Adds the access token. Throws a problem if the server refuses. */
export type Api = { [Method in ApiMethod]: Send<Method> };

type QueryValue = string | number;

export interface ApiOptions {
  path?: Record<string, string>;
  query?: Record<string, QueryValue | undefined>;
  body?: object;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** `/users/{id}` with its values and its query. */
export function pathOf(path: string, { path: values = {}, query = {} }: ApiOptions): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
  const given = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, String(value)]);
  return given.length === 0 ? filled : `${filled}?${new URLSearchParams(given).toString()}`;
}
