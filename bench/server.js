// This server with production's settings and providers that accept and drop: a vendor's speed is not ours.
import { createApp } from '../dist/app.setup.js';
import { Config } from '../dist/config/config.js';
import { Mailer } from '../dist/mail/mailer.js';
import { SmsSender } from '../dist/sms/sms-sender.js';

const accept = { provider: 'null', send: async ({ messageId }) => messageId };
const app = await createApp(
  Config.from({
    ...process.env,
    NODE_ENV: 'production',
    IP_RATE_LIMIT: '0',
    PUBLIC_URL: 'https://bench.example.com',
    APP_SECRET: 'bench-7f3k9w2m5x8q1v4b6n0z-only-for-this-run',
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
for (const seam of [Mailer, SmsSender]) Object.assign(app.get(seam, { strict: false }), accept);
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
