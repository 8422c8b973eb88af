import { ProviderConfig } from './providers.js';
import type { SettingName, SmsRouteEntry } from './settings.js';

/** One refused setting. The reason never contains the value. */
export interface SettingFault {
  setting: SettingName;
  reason: string;
}

/** What the rules look at. */
type CheckedConfig = ProviderConfig & { publicUrl: string };

/** Everything that is wrong with a combination of settings. */
export function findFaults(config: CheckedConfig, env: NodeJS.ProcessEnv): SettingFault[] {
  return [
    ...missingCredentials(config),
    ...unsafeTestIdentities(config),
    ...(config.production ? unsafeInProduction(config, env) : []),
  ];
}

/** What a chosen provider cannot work without, in every environment. */
function missingCredentials(config: ProviderConfig): SettingFault[] {
  const twilio = config.usesProvider('twilio') || config.usesProvider('twilio-verify');
  const needed: [boolean, SettingName, string][] = [
    [config.usesProvider('postmark'), 'POSTMARK_SERVER_TOKEN', 'is needed by the provider postmark'],
    [
      config.usesProvider('postmark') || config.usesProvider('smtp'),
      'MAIL_FROM',
      'is needed by the providers postmark and smtp',
    ],
    [config.POSTMARK_WEBHOOK_PASSWORD !== undefined, 'POSTMARK_WEBHOOK_USER', 'goes with its password'],
    [config.POSTMARK_WEBHOOK_USER !== undefined, 'POSTMARK_WEBHOOK_PASSWORD', 'goes with its user'],
    [config.usesProvider('smtp'), 'SMTP_URL', 'is needed by the provider smtp'],
    [twilio, 'TWILIO_ACCOUNT_SID', 'is needed by the provider twilio'],
    [twilio, 'TWILIO_AUTH_TOKEN', 'is needed by the provider twilio'],
    [
      config.usesProvider('twilio', 'sms') && !config.TWILIO_MESSAGING_SERVICE_SID,
      'TWILIO_FROM',
      'or TWILIO_MESSAGING_SERVICE_SID is needed by the provider twilio',
    ],
    [
      config.usesProvider('twilio', 'whatsapp'),
      'TWILIO_WHATSAPP_FROM',
      'is needed by WHATSAPP_PROVIDERS=twilio',
    ],
    [
      config.usesProvider('twilio', 'whatsapp'),
      'TWILIO_WHATSAPP_CONTENT_SID',
      'is needed by WHATSAPP_PROVIDERS=twilio',
    ],
    [config.usesProvider('twilio', 'voice'), 'TWILIO_VOICE_FROM', 'is needed by VOICE_PROVIDERS=twilio'],
    [
      config.usesProvider('twilio-verify'),
      'TWILIO_VERIFY_SERVICE_SID',
      'is needed by the provider twilio-verify',
    ],
    [config.usesProvider('webhook'), 'WEBHOOK_URL', 'is needed by the provider webhook'],
    [config.usesProvider('webhook'), 'WEBHOOK_SECRET', 'is needed by the provider webhook'],
  ];
  return needed
    .filter(([chosen, setting]) => chosen && config[setting] === undefined)
    .map(([, setting, reason]) => ({ setting, reason }));
}

/** Wherever a message could end in the inbox, or nowhere. */
function inboxInProduction(config: ProviderConfig): [boolean, SettingName, string][] {
  const real = 'must be a real provider in production';
  const offered = (channel: 'whatsapp' | 'voice') =>
    config.offersChannel(channel) && config.phoneProviders(channel).length === 0;
  return [
    [
      config.mailProviders.includes('inbox'),
      config.MAIL_PROVIDERS ? 'MAIL_PROVIDERS' : 'MAIL_PROVIDER',
      real,
    ],
    [
      config.phoneProviders('sms').includes('inbox'),
      config.SMS_PROVIDERS ? 'SMS_PROVIDERS' : 'SMS_PROVIDER',
      real,
    ],
    [
      Object.values(config.SMS_ROUTES).some((hops) => hops.some(isInbox)),
      'SMS_ROUTES',
      'must name real providers',
    ],
    [config.phoneProviders('whatsapp').includes('inbox') || offered('whatsapp'), 'WHATSAPP_PROVIDERS', real],
    [config.phoneProviders('voice').includes('inbox') || offered('voice'), 'VOICE_PROVIDERS', real],
  ];
}

const isInbox = ({ provider }: SmsRouteEntry) => provider === 'inbox';

/** How far ahead the end of a test identity may lie in production: it is renewed by somebody who still needs it. */
const MAX_TEST_DAYS = 90;

/** A known code must look like any other, and in front of real people it must have an end. */
function unsafeTestIdentities({
  TEST_IDENTITIES = [],
  OTP_LENGTH,
  production,
}: CheckedConfig): SettingFault[] {
  const setting = 'TEST_IDENTITIES';
  if (TEST_IDENTITIES.some(({ code }) => code.length !== OTP_LENGTH))
    return [{ setting, reason: 'must have codes of OTP_LENGTH digits' }];
  const latest = new Date(Date.now() + MAX_TEST_DAYS * 86_400_000);
  if (production && TEST_IDENTITIES.some(({ until }) => !until || until > latest))
    return [{ setting, reason: `must end within ${MAX_TEST_DAYS} days in production, such as …@2026-12-31` }];
  return [];
}

/** What would be convenient in development and dangerous in front of real people. */
function unsafeInProduction(config: CheckedConfig, env: NodeJS.ProcessEnv): SettingFault[] {
  const rules: [boolean, SettingName, string][] = [
    [
      config.OTP_LENGTH < 6 && config.OTP_MAX_ATTEMPTS > 3,
      'OTP_MAX_ATTEMPTS',
      'must be at most 3 in production with OTP_LENGTH below 6',
    ],
    [
      config.OTP_PURPOSES?.includes('*') ?? false,
      'OTP_PURPOSES',
      'must name its purposes in production, for each has guesses of its own',
    ],
    [isPlainHttp(config.POSTMARK_API_URL), 'POSTMARK_API_URL', PLAIN_HTTP],
    [isPlainHttp(config.TWILIO_API_URL), 'TWILIO_API_URL', PLAIN_HTTP],
    [isPlainHttp(config.WEBHOOK_URL), 'WEBHOOK_URL', PLAIN_HTTP],
    [
      !config.DATABASE_URL,
      'DATABASE_URL',
      'is needed in production: the embedded database is for one development process',
    ],
    [!config.APP_SECRET, 'APP_SECRET', 'is needed in production'],
    [isWeakSecret(config.APP_SECRET), 'APP_SECRET', WEAK_SECRET],
    [isWeakSecret(config.APP_SECRET_PREVIOUS), 'APP_SECRET_PREVIOUS', WEAK_SECRET],
    [isWeakSecret(config.METRICS_TOKEN), 'METRICS_TOKEN', WEAK_SECRET],
    [isWeakSecret(config.POSTMARK_WEBHOOK_PASSWORD), 'POSTMARK_WEBHOOK_PASSWORD', WEAK_SECRET],
    [!config.publicUrl.startsWith('https:'), 'PUBLIC_URL', 'must be an https: URL in production'],
    [isPlainHttp(config.RESET_URL), 'RESET_URL', 'must be an https: URL in production'],
    [config.CORS_ORIGINS?.includes('*'), 'CORS_ORIGINS', 'must name its origins in production, not *'],
    [
      config.TRUST_PROXY === true,
      'TRUST_PROXY',
      'must name its proxies in production: with true anyone can forge an address',
    ],
    ...inboxInProduction(config),
    [config.OTP_EXPOSE_CODE, 'OTP_EXPOSE_CODE', 'must be off in production: it puts the code into the reply'],
    [config.BCRYPT_COST < 10, 'BCRYPT_COST', 'must be at least 10 in production'],
    [
      !env.SMS_ALLOWED_COUNTRIES?.trim(),
      'SMS_ALLOWED_COUNTRIES',
      'must be said in production: the countries you send to, or * for all',
    ],
  ];
  return rules.filter(([unsafe]) => unsafe).map(([, setting, reason]) => ({ setting, reason }));
}

const WEAK_SECRET =
  'must be at least 32 random characters, for example the output of: openssl rand -base64 48';

/** Short, of few different characters, or a text out of somebody's example. */
function isWeakSecret(value: string | undefined): boolean {
  if (value === undefined) return false;
  return (
    value.length < 32 ||
    new Set(value).size < 10 ||
    /change.?me|example|secret|passw|default|your[-_ ]/i.test(value)
  );
}

const PLAIN_HTTP =
  'must be an https: URL in production, for codes and credentials travel there (http: on this machine only)';

function isPlainHttp(url: string | undefined): boolean {
  if (url === undefined) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
