import { existsSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { parseEmail, addressOf } from '../common/recipient.js';
import { Config } from '../config/config.js';
import { startFailure } from '../start-failure.js';
import { UserAdminService } from '../users/user-admin.service.js';

// pnpm admin:grant ada@example.com: makes a user an administrator. The first one is made here and never by a request.
const recipient = parseEmail(process.argv[2] ?? '');
if (!recipient) {
  process.stderr.write('Say whom: pnpm admin:grant ada@example.com\n');
  process.exit(2);
}
if (existsSync('.env')) process.loadEnvFile('.env');

async function grant(email: string): Promise<boolean> {
  const app = await NestFactory.createApplicationContext(AppModule.with(Config.from(process.env)), {
    logger: false,
    abortOnError: false,
  });
  const granted = await app.get(UserAdminService).grantAdmin(email);
  await app.close();
  return granted;
}

const email = addressOf(recipient);
grant(email).then(
  (granted) => {
    process.stdout.write(granted ? `${email} is an administrator.\n` : `There is no user ${email}.\n`);
    process.exit(granted ? 0 : 1);
  },
  (error: unknown) => {
    process.stderr.write(`${startFailure(error)}\n`);
    process.exit(1);
  },
);
