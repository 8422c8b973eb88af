import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PASSWORD, signUp } from '../../../test/support/accounts.js';
import { TestApp } from '../../../test/support/app.js';

const PACKAGE = resolve('packages/client');
const TSC = resolve('node_modules/typescript/bin/tsc');

describe('package', () => {
  it('is smaller than 8 kB compressed', () => {
    const size = (file: string) => gzipSync(readFileSync(join(PACKAGE, 'dist', file)), { level: 9 }).length;
    expect(size('index.js')).toBeLessThan(8_000);
    // Loaded only when the server asks for a proof of work.
    expect(size('proof-worker.js')).toBeLessThan(2_000);
  });

  it('has types that agree with the OpenAPI document', () => {
    const generator = join(PACKAGE, 'node_modules/openapi-typescript/bin/cli.js');
    const types = execFileSync(process.execPath, [generator, 'openapi.json'], { encoding: 'utf8' });
    // To write them: pnpm --filter @otp-auth/client generate
    expect(types.trim() === readFileSync(join(PACKAGE, 'src/openapi.ts'), 'utf8').trim()).toBe(true);
  });

  describe('when packed', () => {
    let app: TestApp;
    let folder: string;
    const run = (command: string, ...args: string[]) =>
      execFileSync(command, args, { cwd: folder, encoding: 'utf8' });

    beforeAll(async () => {
      app = await TestApp.start({ BCRYPT_COST: '4' });
      // Outside the repository, so that nothing of it can be found from there.
      folder = mkdtempSync(join(tmpdir(), 'otp-client-'));
      const inPackage = { cwd: PACKAGE, encoding: 'utf8' } as const;
      execFileSync(process.execPath, [TSC, '-p', 'tsconfig.build.json'], inPackage);
      // Jest has built the scripts. Other tests load them now, so they are not written again.
      const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
      const packed = execFileSync('npm', pack, inPackage);
      const archive = packed.trim().split('\n').at(-1) ?? '';
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
      run('npm', 'install', '--silent', '--offline', '--no-audit', '--no-fund', join(folder, archive));
    });
    afterAll(async () => {
      if (folder) rmSync(folder, { recursive: true });
      await app?.stop();
    });

    it('has no dependencies', () => {
      expect(JSON.parse(run('npm', 'ls', '--json', '--all'))).toMatchObject({
        dependencies: {
          '@otp-auth/client': expect.not.objectContaining({ dependencies: expect.anything() }),
        },
      });
    });

    it('signs in from Node and solves a proof of work in a worker', async () => {
      const email = 'ada@example.com';
      await signUp(app, email);
      writeFileSync(
        join(folder, 'use.js'),
        `
        import { createServer } from 'node:http';
        import { createClient } from '@otp-auth/client';

        const auth = createClient({ url: '${app.url}' });
        await auth.signInWithPassword({ email: '${email}', password: '${PASSWORD}' });
        const { data } = await auth.api.GET('/users/me');

        const parameters = { algorithm: 'PBKDF2/SHA-256', nonce: '00', salt: '00', cost: 10, keyPrefix: '0a' };
        const server = createServer(async (request, reply) => {
          let text = '';
          for await (const chunk of request) text += chunk;
          const { proofOfWork } = JSON.parse(text);
          reply.writeHead(proofOfWork ? 200 : 403).end(JSON.stringify(
            proofOfWork
              ? { challenge: JSON.parse(atob(proofOfWork)).solution }
              : { code: 'proof_of_work_required', proofOfWork: { parameters } },
          ));
        });
        await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
        let workers = 0;
        process.on('worker', () => workers++);
        const other = createClient({ url: 'http://127.0.0.1:' + server.address().port });
        const { counter } = await other.sendCode({ email: '${email}' });
        server.close();
        console.log(JSON.stringify({ email: data.email, counter, workers: workers > 0 }));`,
      );
      const output = JSON.parse(run(process.execPath, 'use.js')) as object;
      expect(output).toEqual({ email, counter: expect.any(Number), workers: true });
    });

    it.each([
      ['Node', { module: 'nodenext', lib: ['es2023', 'dom'] }],
      ['a bundler', { module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'dom'] }],
    ])('has types that compile strictly for %s', (_, options) => {
      const usage = readFileSync(join(PACKAGE, 'test/types/usage.ts'), 'utf8');
      writeFileSync(join(folder, 'usage.ts'), usage);
      const compilerOptions = { ...options, target: 'es2022', strict: true, noEmit: true, types: [] };
      const strict = {
        skipLibCheck: false,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
      };
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ compilerOptions: { ...compilerOptions, ...strict }, files: ['usage.ts'] }),
      );
      expect(run(process.execPath, TSC, '-p', '.')).toBe('');
    });
  });
});
