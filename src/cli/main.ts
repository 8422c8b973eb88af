import { parseArgs } from 'node:util';
import { describeFailure } from '../start-failure.js';
import { grantAdmin } from './admin-grant.js';
import { APPLICATION_OPTIONS, createApplication } from './application-create.js';
import { verifyAudit } from './audit-verify.js';
import { CommandError, UsageError, type OptionValues } from './command-line.js';
import { revokeKeys } from './keys-revoke.js';
import { writeApiReference } from './openapi.js';

interface Command {
  /** Its arguments. Those in brackets may be absent. */
  args: string[];
  summary: string;
  options?: Record<string, { type: 'string' }>;
  /** Returns the exit code. */
  run(options: OptionValues, ...args: string[]): Promise<number>;
}

const commands = new Map<string, Command>([
  [
    'admin:grant',
    { args: ['<e-mail>'], summary: 'make a user an administrator', run: (_, email) => grantAdmin(email) },
  ],
  [
    'application:create',
    {
      args: [],
      summary: 'create an application: --name <name> --kind server|browser (docs/applications.md)',
      options: APPLICATION_OPTIONS,
      run: createApplication,
    },
  ],
  [
    'keys:revoke',
    { args: ['[kid]'], summary: 'revoke one signing key, or all of them', run: (_, kid) => revokeKeys(kid) },
  ],
  ['audit:verify', { args: [], summary: 'check the audit log', run: verifyAudit }],
  ['openapi', { args: [], summary: 'write openapi.json and docs/errors.md', run: writeApiReference }],
]);

function usage(): string {
  const lines = [...commands].map(
    ([name, { args, summary }]) => `  ${[name, ...args].join(' ').padEnd(24)}${summary}\n`,
  );
  return `Usage: node dist/cli.js <command>\n\nCommands:\n${lines.join('')}`;
}

function runCommand([name, ...rest]: string[]): Promise<number> {
  if (name === undefined) throw new UsageError('A command is missing.');
  const command = commands.get(name);
  if (!command) throw new UsageError(`Unknown command: ${name}.`);
  const { args, options } = parse(rest, command);
  const required = command.args.filter((arg) => !arg.startsWith('['));
  if (args.length < required.length || args.length > command.args.length)
    throw new UsageError(`${name} takes ${command.args.join(' ') || 'no arguments'}.`);
  return command.run(options, ...args);
}

function parse(args: string[], { options }: Command): { args: string[]; options: OptionValues } {
  try {
    const { positionals, values } = parseArgs({ args, options, allowPositionals: true });
    return { args: positionals, options: values };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

try {
  process.exit(await runCommand(process.argv.slice(2)));
} catch (error) {
  const isKnown = error instanceof CommandError;
  process.stderr.write(`${isKnown ? error.message : describeFailure('The command failed', error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${usage()}`);
  process.exit(error instanceof UsageError ? 2 : 1);
}
