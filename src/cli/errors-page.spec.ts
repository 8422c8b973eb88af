import { readdirSync, readFileSync } from 'node:fs';
import { errorsPage } from './errors-page.js';

const CODE = /new AppError\(\s*'\w+',\s*'(\w+)'/g;

describe('errors page', () => {
  const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .map((path) => readFileSync(`src/${path}`, 'utf8'))
    .join('\n');

  it('has a row for every code in the source', () => {
    const page = errorsPage({ openapi: '3.0.0', info: { title: '', version: '' }, paths: {} });
    const listed = [...page.matchAll(/^\| \d{3} \| `(\w+)` \| \S/gm)].map(([, code]) => code);
    const inSource = [...source.matchAll(CODE)].map(([, code]) => code);
    expect(inSource.length).toBeGreaterThan(40);
    expect(new Set(listed)).toEqual(new Set(inSource));
    expect(new Set(listed).size).toBe(listed.length);
  });

  it('lists calls that the OpenAPI document shows with the error', () => {
    const operation = {
      responses: {
        404: {
          description: '',
          content: { 'application/problem+json': { examples: { x: { value: { code: 'user_not_found' } } } } },
        },
      },
    };
    const paths = Object.fromEntries(
      ['/a', '/b', '/c', '/d', '/e'].map((path) => [path, { get: operation }]),
    );
    const page = errorsPage({ openapi: '3.0.0', info: { title: '', version: '' }, paths });
    expect(page).toMatch(/`user_not_found` \| .+ \| GET \/a<br>GET \/b<br>GET \/c<br>and 2 more \|/);
    expect(page).toMatch(/`route_not_found` \| .+ \| any call \|/);
  });
});
