import { execFile } from 'node:child_process';

export interface CommandResult {
  code: number | string | null | undefined;
  stdout: string;
  stderr: string;
}

/** Runs the built command-line program. */
export function runCommand(args: string[], settings: Record<string, string> = {}): Promise<CommandResult> {
  return runProcess(process.execPath, ['dist/cli.js', ...args], settings);
}

export function runProcess(
  file: string,
  args: string[],
  settings: Record<string, string>,
  cwd?: string,
): Promise<CommandResult> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env: { PATH, HOME, ...settings } }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}
