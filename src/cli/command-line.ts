/** The command cannot run. The message tells the operator what to do. */
export class CommandError extends Error {}

/** The command line is wrong. The program also prints its usage and exits with code 2. */
export class UsageError extends CommandError {}

/** The options of a command line, such as `--name Shop`. */
export type OptionValues = Partial<Record<string, string>>;
