// Better Auth on the same PostgreSQL, tuned as its guides recommend: joins, the indexes of its own
// migrations, no rate limits, no telemetry and no tracing. Every request still checks its session
// in the database.
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { emailOTP, phoneNumber } from 'better-auth/plugins';
import pg from 'pg';
import { countStatements } from '../count-statements.js';

countStatements(pg);
const drop = async () => undefined;
const port = Number(process.env.PORT);
const options = {
  baseURL: `http://127.0.0.1:${port}`,
  secret: 'bench-7f3k9w2m5x8q1v4b6n0z-only-for-this-run',
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 }),
  advanced: { database: { joins: true } },
  emailAndPassword: { enabled: true },
  experimental: { instrumentation: { enabled: false } },
  rateLimit: { enabled: false },
  // With the cookie cache an ended session stays valid for minutes.
  session: { cookieCache: { enabled: false } },
  telemetry: { enabled: false },
  plugins: [emailOTP({ sendVerificationOTP: drop }), phoneNumber({ sendOTP: drop })],
};
const { runMigrations } = await getMigrations(options);
await runMigrations();

process.on('disconnect', () => process.exit());
createServer(toNodeHandler(betterAuth(options))).listen(port, '127.0.0.1', () => process.send?.('ready'));
