import { existsSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import { createApp } from './server.js';
import { Config } from './config/config.js';
import { misspeltSettings } from './config/misspelt-settings.js';
import { describeFailure } from './start-failure.js';

/** The process exits after this time even if the shutdown has not finished. */
const STOP_MS = 9_800;

const logger = new Logger('Server');

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = Config.from(process.env);
  const app = await createApp(config);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      setTimeout(() => process.exit(1), STOP_MS).unref();
      // Prints no error, because an error of the database may contain its address.
      app.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
  await app.listen({ port: config.PORT, host: config.host });
  logger.log({ msg: 'listening', host: config.host, port: config.PORT, publicUrl: config.publicUrl });
  for (const { name, meant } of misspeltSettings(process.env))
    logger.warn(`${name} is not a setting and is ignored. Did you mean ${meant}?`);
  const policies = [...config.OTP_POLICIES.values()];
  if (config.OTP_LENGTH < 6 || policies.some(({ codeLength = 6 }) => codeLength < 6))
    logger.warn('codes of fewer than 6 digits are easy to guess: use them for compatibility only');
  if (!config.production) process.stderr.write(banner(config));
}

function banner(config: Config): string {
  const url = config.publicUrl;
  const docs = config.DOCS ? `  Swagger UI  ${url}/docs\n` : '';
  const inbox = config.hasInbox ? `  Inbox       ${url}/inbox   (messages stay on this machine)\n` : '';
  return `\n${docs}${inbox}\n`;
}

main().catch((error: unknown) => {
  process.stderr.write(`${describeFailure('The server did not start', error)}\n`);
  process.exit(1);
});
