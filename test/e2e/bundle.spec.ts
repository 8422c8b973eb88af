import { readFileSync, statSync } from 'node:fs';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { ServerProcess } from '../support/server.js';

/** The unbundled main.js is much smaller. */
const BUNDLE_BYTES = 1_000_000;

describe('the bundled server', () => {
  let database: TestDatabase;
  let server: ServerProcess;
  beforeAll(async () => {
    if (statSync('dist/main.js').size < BUNDLE_BYTES)
      throw new Error('dist/main.js is not bundled: run pnpm build first');
    database = await testDatabase();
    server = await ServerProcess.start({ NODE_ENV: 'test', ...database.env });
  });
  afterAll(async () => {
    await server?.stop();
    await database?.drop();
  });

  it('serves the committed OpenAPI document', async () => {
    const served: unknown = await (await fetch(`${server.url}/openapi.json`)).json();
    expect(served).toEqual(JSON.parse(readFileSync('openapi.json', 'utf8')));
  });

  it("logs its own lines only, not those of the framework's start", () => {
    expect(server.log).not.toContain('dependencies initialized');
  });

  it('names every schema that its OpenAPI document refers to', async () => {
    const text = await (await fetch(`${server.url}/openapi.json`)).text();
    const { components } = JSON.parse(text) as { components: { schemas: object } };
    const names = new Set(Object.keys(components.schemas));
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]*)"/g)];
    const unknown = references.map(([, name = '']) => name).filter((name) => !names.has(name));
    expect(references.length).toBeGreaterThan(100);
    expect(unknown).toEqual([]);
    // esbuild would number a class whose name is taken.
    expect([...names].filter((name) => /\d$/.test(name))).toEqual([]);
  });
});
