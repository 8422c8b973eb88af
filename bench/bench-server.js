// The server with production settings. Mail and SMS providers accept and drop every message, so
// that a provider's speed does not count.
import pg from 'pg';
import { createApp } from '../dist/server.js';
import { Config } from '../dist/config/config.js';
import { Mailers } from '../dist/mail/mailers.js';
import { PhoneSenders } from '../dist/sms/phone-senders.js';
import { countStatements } from './count-statements.js';

countStatements(pg);
const app = await createApp(
  Config.from({
    ...process.env,
    NODE_ENV: 'production',
    PHONE_SPEND_PER_HOUR: '1000000',
    PHONE_SPEND_PER_DAY: '1000000',
    FRAUD_MODE: 'observe',
    IP_RATE_LIMIT: '0',
    ACCEPT_RISKS: 'no-ip-limit',
    PUBLIC_URL: 'https://bench.example.com',
    SMS_ALLOWED_COUNTRIES: '*',
    MAIL_PROVIDER: 'postmark',
    MAIL_FROM: 'bench@bench.test',
    POSTMARK_SERVER_TOKEN: 'none',
    SMS_PROVIDER: 'twilio',
    TWILIO_ACCOUNT_SID: 'AC00000000000000000000000000000000',
    TWILIO_AUTH_TOKEN: 'none',
    TWILIO_FROM: '+15005550006',
  }),
);
const acceptAndDrop = { send: async ({ messageId }) => messageId };
const providers = [
  ...app.get(Mailers, { strict: false }).list,
  ...app.get(PhoneSenders, { strict: false }).forCountry('sms'),
];
for (const provider of providers) Object.assign(provider, acceptAndDrop);
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
